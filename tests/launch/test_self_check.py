"""The check before the server listens: one thing that is not as it must be at a time, each stops the start."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import responses
from launching import START, Registered, Site

from smartapp.settings import SettingsError
from smartapp.store import AuditEvent, Deed
from smartapp.web.selfcheck import Check, Weight, checks_of, reach, refuse
from smartapp.web.service import Service
from smartapp.web.sessions import Sessions
from smartapp.web.worker import Worker

MakeSite = Callable[..., Site]


def refused(checks: tuple[Check, ...]) -> list[str]:
    return [check.what for check in checks if check.weight is Weight.REFUSED]


def refusal(site: Site, service: Service | None = None) -> str:
    with pytest.raises(SettingsError) as stopped:
        refuse(checks_of(site.app, service or site.service))
    return str(stopped.value)


@pytest.mark.requirement("R118")
def test_a_server_as_it_must_be_is_refused_nothing(make_site: MakeSite) -> None:
    site = make_site(fresh=True)
    checks = checks_of(site.app, site.service)

    assert refused(checks) == []
    assert {"settings", "debugging", "cookies", "clock", "worker"} <= {check.what for check in checks}
    refuse(checks)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("name", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_a_server_that_would_show_its_inside_does_not_start(make_site: MakeSite, name: str) -> None:
    site = make_site(fresh=True)
    site.app.config[name] = True

    assert refusal(site) == "debugging: is on, and would show what no browser may see. Unset FLASK_DEBUG."


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("seconds", "starts"), [(60, True), (61, False)])
def test_a_clock_behind_what_was_written_before_stops_the_start(
    make_site: MakeSite, seconds: int, starts: bool
) -> None:
    site = make_site(fresh=True)
    written = START + timedelta(seconds=seconds) - timedelta(microseconds=1 if starts else 0)
    site.service.trail.add(AuditEvent(Deed.LAUNCHED), written)

    assert refused(checks_of(site.app, site.service)) == ([] if starts else ["clock"])


@pytest.mark.requirement("R82", "R118")
def test_cookies_that_a_browser_would_send_without_https_stop_the_start(site: Site) -> None:
    plain = replace(site.service.settings, address="http://127.0.0.1:8180")
    sessions = Sessions(plain, site.service.launches, site.clock)

    assert refusal(site, replace(site.service, sessions=sessions)) == (
        "cookies: a session's cookie lacks Secure, __Host-."
    )


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("more", "starts"), [("offline = true\n", False), ('source = "export"\n', False), ("", True)])
def test_runs_that_are_to_be_made_need_a_folder_that_can_be_written(
    make_site: MakeSite, tmp_path: Path, more: str, starts: bool
) -> None:
    (tmp_path / "taken").write_text("")
    site = make_site(Registered(more=more), results=tmp_path / "taken" / "results", fresh=True)

    assert refused(checks_of(site.app, site.service)) == ([] if starts else ["registration demo"])


@pytest.mark.requirement("R118")
def test_a_temporary_folder_that_was_named_and_is_not_there_stops_the_start(
    make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(fresh=True)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert refused(checks_of(site.app, site.service)) == []

    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    assert refusal(site).startswith(f"temporary folder: TMPDIR: {tmp_path / 'none'}: expected a folder")


@pytest.mark.requirement("R118")
def test_an_export_that_is_not_there_yet_is_a_warning_and_the_server_starts(
    make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site(Registered(more=f'source = "{tmp_path / "export"}"\n'), fresh=True)
    checks = checks_of(site.app, site.service)

    assert refused(checks) == []
    assert [check.text for check in checks if check.weight is Weight.WARNING] == [
        f"{tmp_path / 'export'}: there is no export there yet."
    ]


@pytest.mark.requirement("R118")
def test_an_export_that_would_hold_the_results_is_refused(make_site: MakeSite, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"issuer 1, source: .* lies in it"):
        make_site(Registered(more=f'source = "{tmp_path}"\n'), results=tmp_path / "results", fresh=True)


@pytest.mark.requirement("R118")
def test_a_server_without_workers_warns_until_one_runs_in_a_process_of_its_own(make_site: MakeSite) -> None:
    site = make_site(fresh=True)
    alone = replace(site.service, settings=replace(site.service.settings, workers=0))
    warned = [check for check in checks_of(site.app, alone) if check.weight is Weight.WARNING]
    assert [check.what for check in warned] == ["worker"]
    Worker(alone).sign()

    assert [check for check in checks_of(site.app, alone) if check.weight is Weight.WARNING] == []


@pytest.mark.requirement("R118", "R126")
def test_whether_an_ehrs_keys_can_be_had_is_told_and_only_ever_a_warning(site: Site) -> None:
    (fine,) = reach(site.service)
    assert (fine.what, fine.weight) == ("EHR demo", Weight.FINE)
    site.begin(site.wire)
    site.faults.add("jwks", status=500)
    (down,) = reach(site.service)

    assert down.weight is Weight.WARNING
    assert down.text.startswith("nobody can sign in there now: ")
    refuse((down,))


@pytest.mark.requirement("R118")
def test_the_start_asks_no_ehr_anything(make_site: MakeSite, wire: responses.RequestsMock) -> None:
    site = make_site(fresh=True)
    before = len(wire.calls)
    refuse(checks_of(site.app, site.service))

    assert len(wire.calls) == before
