"""Whether the server can do its work, told to machines: which part fails, and nothing else of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from launching import Site
from werkzeug.test import TestResponse

from smartapp import __version__
from smartapp.web.worker import Worker

MakeSite = Callable[..., Site]


def health(site: Site, address: str = "https://pi180.example", method: str = "GET") -> TestResponse:
    return site.app.test_client().open("/health", method=method, base_url=address)


def drop_jobs(site: Site) -> None:
    with site.service.store.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job")


def bar_data(site: Site) -> None:
    (site.data / "health").mkdir()


def silence_worker(site: Site) -> None:
    site.clock.passes(91)


def test_a_server_that_can_do_its_work_says_so_with_its_version(site: Site) -> None:
    Worker(site.service).sign()
    site.clock.passes(90)
    got = health(site)

    assert got.status_code == 200
    assert got.json == {"status": "ok", "version": __version__, "store": "ok", "data": "ok", "worker": "ok"}


@pytest.mark.parametrize(("break_one", "part"), [(drop_jobs, "store"), (bar_data, "data"), (silence_worker, "worker")])
def test_the_part_that_fails_is_named_and_only_that_one(
    make_site: MakeSite, break_one: Callable[[Site], None], part: str
) -> None:
    site = make_site(fresh=True)
    Worker(site.service).sign()
    break_one(site)
    got = health(site)

    assert got.status_code == 503
    assert got.json is not None
    assert {name for name, told in got.json.items() if told == "failing"} == {"status", part}


def test_without_any_worker_yet_the_server_is_not_whole(make_site: MakeSite) -> None:
    assert health(make_site(fresh=True)).status_code == 503


@pytest.mark.parametrize("address", ["http://127.0.0.1:8180", "http://10.0.0.7", "https://pi180.example"])
def test_health_is_told_by_any_host_name_while_pages_answer_their_own_alone(site: Site, address: str) -> None:
    Worker(site.service).sign()

    assert health(site, address).status_code == 200
    pages = site.app.test_client().get("/", base_url=address).status_code
    assert pages == (200 if address == site.address else 400)


def test_health_is_never_framed_kept_or_given_a_cookie_and_reads_no_form(site: Site) -> None:
    got = health(site)

    assert got.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]
    assert (got.headers["Cache-Control"], got.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "Set-Cookie" not in got.headers
    assert health(site, method="POST").status_code == 405


@pytest.mark.requirement("R98", "R122")
def test_health_tells_nothing_of_settings_paths_or_people(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(fresh=True)
    drop_jobs(site)
    text = health(site).text

    for secret in (str(tmp_path), "ehr.example", "demo", "sqlite", "job", "pi180.example"):
        assert secret not in text
