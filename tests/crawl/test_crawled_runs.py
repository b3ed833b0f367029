"""From a crawl to a score: the same as from an export where all was read, and said plainly where it was not."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from extractors.cases import Tally
from extractors.ledger import Sight
from extractors.vocabulary import EventKind
from scoring.model import MeasureId, Origin, Proportion, Reporter
from smartapp.attesting.attestations import read_attestations
from smartapp.cli import main
from smartapp.kept.archive import open_score
from smartapp.kept.publish import publish
from smartapp.printed import console
from smartapp.scored import names_nobody, score_reading
from tests.crawl.scripted import Raw, Scripted, crawled, reading
from tests.extractors.practice import PERIOD, A, C, D, prescription, ref, resource, visit

EP_1, HIE_1, PEA_1 = MeasureId("PI_EP_1"), MeasureId("PI_HIE_1"), MeasureId("PI_PEA_1")
UNREAD = Proportion(0, 0, origin=Origin.RECOMPUTED, readable=False)


def cli(*words: str) -> Result:
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    file = tmp_path / "ids.txt"
    file.write_text("p\nq\n")
    return file


@pytest.fixture
def attestations(tmp_path: Path) -> Path:
    file = tmp_path / "attested.toml"
    text = f'year = 2026\n[reporter]\ntin = "{A}"\nnpi = "{C}"\n[period]\nstart = {PERIOD.start}\nend = {PERIOD.end}\n'
    file.write_text(text)
    return file


def score(out: Path, attestations: Path) -> dict[MeasureId, Proportion]:
    with reading(out) as found:
        return dict(score_reading(found, read_attestations(attestations, found.rules)).submission.proportions)


@pytest.mark.requirement("R72")
def test_a_measure_whose_cases_were_withheld_is_not_determinable_and_never_zero(
    server: Scripted, tmp_path: Path, attestations: Path
) -> None:
    crawled(server, tmp_path / "whole")
    server.says("MedicationRequest?patient=q", Raw(403))
    crawled(server, tmp_path / "part")
    whole, part = (score(tmp_path / name, attestations) for name in ("whole", "part"))

    assert (whole[EP_1].met, whole[EP_1].denominator, whole[EP_1].readable) == (3, 3, True)
    assert part[EP_1] == UNREAD
    assert replace(part[PEA_1], unknown=0) == whole[PEA_1]
    assert part[PEA_1].unknown == 1  # a statement about an order that was not read may say more of her


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("said", [Raw(403), Raw(422), Raw(200, b"{")], ids=["withheld", "failed", "no page"])
def test_none_met_is_no_zero_where_what_would_show_it_was_not_read(
    server: Scripted, tmp_path: Path, attestations: Path, said: Raw
) -> None:
    server.resources = [one for one in server.resources if one["resourceType"] not in ("Provenance", "Task")]
    crawled(server, tmp_path / "whole")
    server.says("Task?", said)
    crawled(server, tmp_path / "part")
    whole, part = (score(tmp_path / name, attestations) for name in ("whole", "part"))

    assert (whole[EP_1].met, whole[EP_1].denominator, whole[EP_1].unknown, whole[EP_1].readable) == (0, 3, 0, True)
    assert (part[EP_1].met, part[EP_1].denominator, part[EP_1].unknown, part[EP_1].readable) == (0, 3, 3, False)


@pytest.mark.requirement("R72")
def test_absence_proves_nothing_of_a_type_that_was_not_read_whole(server: Scripted, tmp_path: Path) -> None:
    server.says("Task?patient=q", Raw(403))
    crawled(server, tmp_path / "c")
    with reading(tmp_path / "c") as found:
        assert EventKind.PRESCRIPTION_TRANSMITTED not in found.site.closed_world
        assert EventKind.PRESCRIPTION_WRITTEN in found.site.closed_world
        assert found.sights[EventKind.PRESCRIPTION_TRANSMITTED] is Sight.NOT_WHOLE
        assert EventKind.PRESCRIPTION_TRANSMITTED in found.unseen(EP_1)
        assert [text for text in found.cautions if text.startswith("Not all of Task was read: withheld")]


@pytest.mark.requirement("R72")
def test_a_kept_score_says_what_was_not_read_as_the_fresh_one_did(
    server: Scripted, tmp_path: Path, attestations: Path
) -> None:
    server.says("MedicationRequest?", Raw(403))
    crawled(server, tmp_path / "c")
    with reading(tmp_path / "c") as found:
        fresh = score_reading(found, read_attestations(attestations, found.rules))
        published = publish(fresh, tmp_path / "out", None)
    place = next(published.run.glob("*/TIN-*"))
    with open_score(place) as kept:
        assert kept.submission.proportions[EP_1] == UNREAD
        assert kept.reading.cautions == found.cautions
    page = published.report.read_text(encoding="utf-8")

    assert "What was asked for" in page
    assert "withheld: the EHR does not permit reading it" in page
    assert "not all that could show it was read" in page


@pytest.mark.requirement("R72")
def test_an_unfinished_crawl_gives_no_score(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    journal = tmp_path / "c" / "journal.ndjson"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    result = cli("extract", "--from", str(tmp_path / "c"), "--year", "2026")

    assert result.exit_code == 8
    assert "unfinished: give the command of the crawl again" in result.stderr


def test_the_verb_crawls_and_says_what_it_could_not_read(server: Scripted, tmp_path: Path, ids: Path) -> None:
    words = ("crawl", server.base, "--patients", str(ids), "--out", str(tmp_path / "c"), "--rate", "0")
    server.says("Task?patient=q", Raw(403))
    partly = cli(*words)
    server.scripts.clear()
    whole = cli(*words)

    assert (partly.exit_code, whole.exit_code) == (8, 0)
    assert "Task: withheld: the EHR does not permit reading it (1 searches)" in partly.stderr
    assert whole.stdout.startswith("2 patients read into ")


def test_the_verb_says_when_a_token_is_refused(server: Scripted, tmp_path: Path, ids: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret-token")
    server.scripts.append(lambda _: Raw(401))
    words = ("--patients", str(ids), "--out", str(tmp_path / "c"), "--rate", "0", "--token-file", str(token))
    result = cli("crawl", server.base, *words)

    assert result.exit_code == 5
    assert "Name a file with a good token" in result.stderr
    assert "secret-token" not in result.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "whose records?"),
        (("--group", "a", "--encounters", "2026-01-01..2026-01-02"), "whose records?"),
        (("--group", "a/b"), "expected an id"),
        (("--encounters", "2026-01-02..2026-01-01"), "expected the first day before the last"),
        (("--group", "a", "--parameter", "x"), "expected NAME=VALUE"),
        (("--group", "a", "--private-range", "x"), "network"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    server: Scripted, tmp_path: Path, words: tuple[str, ...], problem: str
) -> None:
    result = cli("crawl", server.base, "--out", str(tmp_path / "c"), "--rate", "0", *words)

    assert (result.exit_code, server.heard) == (2, [])
    assert problem in result.stderr


@pytest.mark.parametrize(
    ("done", "to_do", "seconds", "words"),
    [
        (50, 200, 10, "50 of 200 searches, 5.0 a second, about 0 min 30 s left"),
        (200, 200, 10, "200 of 200 searches, 20.0 a second, about 0 min 0 s left"),
        (10, 1210, 1000, "10 of 1210 searches, 0.0 a second, about 2000 min 0 s left"),
        (0, 10, 1, "0 of 10 searches, 0.0 a second, about 0 min 0 s left"),
    ],
)
def test_progress_says_how_far_how_fast_and_how_long(done: int, to_do: int, seconds: float, words: str) -> None:
    assert console.progress_in_words(done, to_do, seconds) == words


def test_progress_is_told_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 4.9, 5.0, 5.0, 5.0, 9.9, 10.0, 10.0, 10.0])
    with console.crawl_progress(lambda: next(now)) as tell:
        for done in range(1, 5):
            tell(done, 10)

    assert [line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()] == ["2", "4"]


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("said", [Raw(403), Raw(500)])
def test_a_case_that_names_nobody_may_be_the_reporters_where_roles_were_not_read(
    server: Scripted, tmp_path: Path, attestations: Path, said: Raw
) -> None:
    role = resource("PractitionerRole", "c2", practitioner=ref("Practitioner/c"), organization=ref("Organization/a"))
    order = prescription("rx-3", on="2026-03-04T10:00:00-05:00", requester=ref("PractitionerRole/c2"))
    server.resources += [role, order]
    crawled(server, tmp_path / "whole")
    server.says("PractitionerRole/c2", said)
    server.says("PractitionerRole?", said)
    crawled(server, tmp_path / "part")
    whole, part = (score(tmp_path / name, attestations) for name in ("whole", "part"))

    assert (whole[EP_1].met, whole[EP_1].denominator, whole[EP_1].readable) == (3, 4, True)
    assert part[EP_1] == UNREAD
    with reading(tmp_path / "part") as found:
        assert any("name no clinician or no TIN is not determinable" in text for text in found.cautions)


def test_a_role_that_was_not_read_takes_nothing_from_a_measure_whose_cases_all_name_somebody(
    server: Scripted, tmp_path: Path, attestations: Path
) -> None:
    server.resources.append(resource("Location", "l", managingOrganization=ref("Organization/a")))
    server.resources.append({**visit("there"), "location": [{"location": ref("Location/l")}]})
    server.says("Location/l", Raw(403))
    crawled(server, tmp_path / "c")

    assert score(tmp_path / "c", attestations)[EP_1].readable


@pytest.mark.parametrize(
    ("counts", "reporter", "expected"),
    [
        ({(A, None): 2, (A, C): 2}, Reporter(A, C), False),
        ({(A, None): 3, (A, C): 2}, Reporter(A, C), True),
        ({(A, None): 3, (A, C): 2}, Reporter(A, None), False),
        ({(A, None): 2, (A, C): 2, (None, None): 1}, Reporter(A, C), True),
        ({(A, None): 2, (A, C): 2, (None, None): 1}, Reporter(A, None), True),
        ({(A, None): 2, (A, C): 2, (None, D): 1}, Reporter(A, C), False),
        ({(A, None): 2, (A, C): 2, (None, D): 1}, Reporter(A, None), True),
    ],
)
def test_what_names_nobody_is_anybodys(
    counts: dict[tuple[str | None, str | None], int], reporter: Reporter, expected: bool
) -> None:
    tallies = [Tally(EP_1, "all", tin, npi, number, 0, 0, 0, {}) for (tin, npi), number in counts.items()]

    assert names_nobody(tallies, EP_1, reporter) is expected


@pytest.mark.parametrize(
    ("base", "told", "code"),
    [
        pytest.param("nonsense", "expected an address such as https://", 2, id="no address"),
        pytest.param("https://10.20.0.5/fhir", "--private-range", 2, id="a private network"),
        pytest.param("{}/elsewhere", "nothing there answers like a FHIR R4 server", 6, id="nothing there"),
    ],
)
def test_a_wrong_base_leaves_nothing_behind(server: Scripted, tmp_path: Path, base: str, told: str, code: int) -> None:
    listed = tmp_path / "patients"
    listed.write_text("p\n")
    words = [
        "crawl",
        base.format(server.base.removesuffix("/fhir")),
        "--patients",
        str(listed),
        "--out",
        str(tmp_path / "out"),
    ]
    result = CliRunner().invoke(main, [*words, "--rate", "0"])
    assert (result.exit_code, (tmp_path / "out").exists()) == (code, False)
    assert told in " ".join(result.output.split())


def test_ids_that_the_server_does_not_know_are_no_patients_read(server: Scripted, tmp_path: Path) -> None:
    listed = tmp_path / "patients"
    listed.write_text("p\nMRN-77\n")
    words = ["crawl", server.base, "--patients", str(listed), "--out", str(tmp_path / "out"), "--rate", "0"]
    result = CliRunner().invoke(main, words)
    said = " ".join(result.output.split())
    assert result.exit_code == 8
    assert "1 of 2 patients are not on this server" in said
    assert "1 patients read into" in said
    assert "MRN-77" not in said
