"""What a crawl could not read takes away every certainty that rests on it, and none that does not."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from extractors.errors import SourceError, Unreachable
from extractors.ledger import Sight
from extractors.sources.cohort import Cohort, Rule
from extractors.sources.journal import Journal
from extractors.sources.search import Outcome
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from scoring.rulebook import load
from smartapp.usecases import read_folder
from tests.crawl.scripted import QUERY, Asked, Json, Raw, Scripted, crawled, entry, keys, reading, states
from tests.extractors.practice import (
    CLOSED,
    GENERIC,
    PERIOD,
    document,
    prescription,
    receipt,
    ref,
    resource,
    transmission,
    visit,
)

ORDERS, TASKS = "MedicationRequest?patient=p&", "Task?patient=p&"
EP_1, HIE_4 = MeasureId("PI_EP_1"), MeasureId("PI_HIE_4")


@pytest.mark.requirement("R72")
def test_the_provenance_of_what_was_not_read_is_not_whole_either(server: Scripted, tmp_path: Path) -> None:
    server.resources += [document("doc-q"), receipt("doc-q")]
    server.says("DocumentReference?patient=p", Raw(403))
    crawled(server, tmp_path / "c")
    with reading(tmp_path / "c") as found:
        assert EventKind.SUMMARY_RECEIVED not in found.site.closed_world
        assert found.sights[EventKind.SUMMARY_RECEIVED] is Sight.NOT_WHOLE
        assert found.sights[EventKind.PRESCRIPTION_TRANSMITTED] is Sight.SEEN


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("withheld", [False, True])
def test_the_history_of_visits_proves_nothing_where_not_all_visits_were_read(
    server: Scripted, tmp_path: Path, withheld: bool
) -> None:
    server.resources += [document(), receipt(), visit("old", on="2025-01-05T09:00:00-05:00")]
    if withheld:
        server.says("Encounter?patient=p&", Raw(403))
    crawled(server, tmp_path / "c")
    site = replace(CLOSED, history_from=date(2010, 1, 1))
    with read_folder(tmp_path / "c", site, load(2026), PERIOD) as found:
        assert found.site.history_from == (None if withheld else date(2010, 1, 1))


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("is_listed", [True, False])
def test_one_search_that_is_not_found_is_no_absence_of_a_type_that_the_server_has(
    server: Scripted, tmp_path: Path, is_listed: bool
) -> None:
    if not is_listed:
        server.says("metadata", Raw(404))
    server.says(TASKS, Raw(404))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "Task") == [("failed", "the server answered with status 404")]
    assert states(tmp_path / "c", "Task", "Patient/q") == [("complete", "")]


@pytest.mark.requirement("R72")
def test_a_type_that_alone_is_answered_with_401_ends_no_crawl_that_goes_on(server: Scripted, tmp_path: Path) -> None:
    server.says("Task?", Raw(401))
    first, again = crawled(server, tmp_path / "c"), crawled(server, tmp_path / "c")

    assert first.not_whole == again.not_whole
    assert [row["type"] for row in again.not_whole] == ["Task"]


def test_what_an_employer_is_part_of_is_followed_to_its_end(server: Scripted, tmp_path: Path) -> None:
    part_of = [resource("Organization", f"o{n}", partOf=ref(f"Organization/o{n + 1}")) for n in range(9)]
    server.resources += [*part_of, resource("Organization", "o9")]
    server.resources.append(prescription("rx-3", requester=ref("Organization/o0")))
    found = crawled(server, tmp_path / "c")

    assert "Organization/o9" in keys(tmp_path / "c")
    assert found.not_whole == ()


def test_employers_without_end_are_not_whole(server: Scripted, tmp_path: Path) -> None:
    def script(asked: Asked) -> dict[str, object] | None:
        found = re.fullmatch(r"Organization/n(\d+)", asked.text)
        return found and resource("Organization", f"n{found[1]}", partOf=ref(f"Organization/n{int(found[1]) + 1}"))

    server.scripts.append(script)
    server.resources.append(prescription("rx-3", requester=ref("Organization/n0")))
    found = crawled(server, tmp_path / "c")

    assert [(row["type"], row["state"]) for row in found.not_whole] == [("Organization", Outcome.FAILED)]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_always_busy_stops_the_crawl(server: Scripted, tmp_path: Path, status: int) -> None:
    server.scripts.append(lambda asked: Raw(status) if asked.text != "metadata" else None)
    with pytest.raises(Unreachable):
        crawled(server, tmp_path / "c", tries=1, cohort=replace(QUERY, listed=tuple(f"p{n}" for n in range(9))))
    assert len(server.heard) < 40


def outcome(code: str, severity: str = "warning", vendors: str = "1") -> Json:
    details = {"coding": [{"code": vendors}], "text": "Unknown parameter"}
    return entry(
        {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "details": details}]},
        "outcome",
    )


def state(out: Path, kind: str) -> str:
    return states(out, kind)[0][0]


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(
    ("issue", "expected"),
    [
        (outcome("not-supported"), "partial"),
        (outcome("processing"), "partial"),
        (outcome("business-rule"), "partial"),
        (outcome("informational", "information", "59100"), "partial"),
        (outcome("informational", "information", "4101"), "complete"),
        (outcome("processing", "information"), "complete"),
    ],
)
def test_no_match_and_a_warning_that_the_search_was_not_understood_is_no_absence(
    server: Scripted, tmp_path: Path, issue: Json, expected: str
) -> None:
    server.says(TASKS, server.page(TASKS, entry=[issue]))
    crawled(server, tmp_path / "c")

    assert state(tmp_path / "c", "Task") == expected


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(("said", "expected"), [(ORDERS, "complete"), ("MedicationRequest?x=1", "partial")])
def test_matches_bear_out_a_warned_search_where_its_filters_are_named(
    server: Scripted, tmp_path: Path, said: str, expected: str
) -> None:
    page = server.page(said + "&_revinclude=x", prescription("rx-1"), along=[transmission("rx-1")])
    server.says(ORDERS, {**page, "entry": [*page["entry"], outcome("not-supported")]})
    crawled(server, tmp_path / "c")

    assert state(tmp_path / "c", "MedicationRequest") == expected


@pytest.mark.requirement("R71")
def test_provenance_that_only_the_self_link_promises_is_searched_for(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", prescription("rx-1")))
    crawled(server, tmp_path / "c")

    assert server.asked("Provenance?target=MedicationRequest/rx-1&")
    assert "Provenance/rx-1-sent" in keys(tmp_path / "c")


@pytest.mark.requirement("R52")
@pytest.mark.parametrize(("many", "expected"), [(100, "partial"), (99, "complete")])
def test_a_full_page_without_a_next_one_is_held_against_a_count(
    server: Scripted, tmp_path: Path, many: int, expected: str
) -> None:
    page = server.page(ORDERS + "_revinclude=x", *(prescription(f"r{n}") for n in range(many)))
    server.scripts.append(
        lambda asked: (
            {"resourceType": "Bundle", "type": "searchset", "total": 150}
            if asked.text.startswith(ORDERS) and "_summary" in asked.parameters
            else None
        )
    )
    server.says(ORDERS, page)
    crawled(server, tmp_path / "c")

    assert state(tmp_path / "c", "MedicationRequest") == expected


_CUT = {**prescription("rx-2"), "meta": {"tag": [{"code": "SUBSETTED"}]}}
_NESTED = {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": [entry(prescription("evil"))]}


@pytest.mark.parametrize(
    "odd",
    [
        {"fullUrl": "https://ehr.example/MedicationRequest/rx-2", "search": {"mode": "match"}},
        entry(_CUT),
        entry(_NESTED),
        entry(_NESTED, "include"),
        entry(prescription("evil"), "outcome"),
    ],
    ids=["no resource", "a part", "a bundle", "a bundle along", "a record as outcome"],
)
def test_an_entry_that_is_no_whole_record_leaves_a_doubt(server: Scripted, tmp_path: Path, odd: Json) -> None:
    page = server.page(ORDERS + "_revinclude=x", prescription("rx-1"), along=[transmission("rx-1")])
    server.says(ORDERS, {**page, "entry": [*page["entry"], odd]})
    crawled(server, tmp_path / "c")

    assert state(tmp_path / "c", "MedicationRequest") == "partial"
    assert b"evil" not in b"".join(file.read_bytes() for file in (tmp_path / "c" / "pages").iterdir())


@pytest.mark.requirement("R53")
def test_what_the_second_reading_doubts_counts_too(server: Scripted, tmp_path: Path) -> None:
    first = server.page(ORDERS + "_revinclude=x", prescription("rx-1"), further=ORDERS + "page=2")
    again = {**first, "entry": [*first["entry"], outcome("suppressed", "error")]}
    server.scripts.append(lambda asked: Raw(400) if "_summary" in asked.parameters else None)
    server.says(ORDERS + "page=2", server.page(ORDERS, prescription("rx-1"), prescription("rx-2")))
    server.says(ORDERS, first, again)
    crawled(server, tmp_path / "c")

    (found,) = states(tmp_path / "c", "MedicationRequest")
    assert found == ("partial", "the server reported an error within its answer")


DAYS = Cohort(Rule.ENCOUNTERS, start=date(2026, 3, 1), end=date(2026, 3, 31))


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    "entity",
    [
        ref("https://other.example/fhir/Patient/stranger"),
        {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "9"}},
        ref("Group/sub"),
        ref("Patient/a:b"),
        {},
    ],
    ids=["on another server", "an identifier alone", "a group", "no id", "nothing"],
)
def test_a_member_or_visit_of_nobody_known_here_makes_the_cohort_partial(
    server: Scripted, tmp_path: Path, entity: Json
) -> None:
    server.resources.append(resource("Group", "g", member=[{"entity": ref("Patient/p")}, {"entity": entity}]))
    visits = [
        resource("Encounter", "a", subject=ref("Patient/p"), period={"start": "2026-03-10"}),
        resource("Encounter", "b", subject=entity, period={"start": "2026-03-10"}),
    ]
    server.says("Encounter?date", server.page("Encounter?date", *visits))
    group = crawled(server, tmp_path / "group", cohort=Cohort(Rule.GROUP, group="g"))
    days = crawled(server, tmp_path / "days", cohort=DAYS)

    assert (group.patients, days.patients) == (1, 1)
    assert [len(found.faults) for found in (group, days)] == [1, 1]
    assert "Patient/stranger" not in keys(tmp_path / "group") | keys(tmp_path / "days")


def test_a_member_that_left_the_group_is_not_missed(server: Scripted, tmp_path: Path) -> None:
    member = [{"entity": ref("Patient/p")}, {"entity": ref("Group/sub"), "inactive": True}]
    server.resources.append(resource("Group", "g", member=member))

    assert crawled(server, tmp_path / "c", cohort=Cohort(Rule.GROUP, group="g")).faults == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"base": "https://ehr.example/fhir?key=x"}, "without '?'"), ({"parameters": {"authoredon": "ge2026"}}, "static")],
)
def test_what_would_hide_records_or_secrets_is_refused_before_anything_is_written(
    server: Scripted, tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(SourceError, match=problem):
        crawled(server, tmp_path / "c", **changes)
    assert not (tmp_path / "c").exists()


def test_a_crawl_that_asked_for_no_provenance_shows_none_of_it_whole(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    header = json.loads((tmp_path / "c" / "crawl.json").read_text())
    assert "Provenance" in header["types"]
    assert header["profile_digest"] == GENERIC.digest
    header["types"].remove("Provenance")
    (tmp_path / "c" / "crawl.json").write_text(json.dumps(header))
    with reading(tmp_path / "c") as found:
        assert EventKind.PRESCRIPTION_TRANSMITTED not in found.site.closed_world
        assert [row["type"] for row in found.ledger if row["state"] == "not asked"] == ["Provenance"]


def test_evidence_of_what_a_search_no_longer_gives_is_not_missed(server: Scripted, tmp_path: Path) -> None:
    server.revincludes = False
    server.scripts.append(
        lambda asked: server.page(ORDERS, prescription("rx-1"), total=2) if asked.text.startswith(ORDERS) else None
    )
    server.says("Provenance?target=MedicationRequest/rx-1&", Raw(422))
    first = crawled(server, tmp_path / "c")
    server.scripts.clear()
    again = crawled(server, tmp_path / "c")

    assert {row["type"] for row in first.not_whole} == {"MedicationRequest", "Provenance"}
    assert again.not_whole == ()


def test_a_listed_patient_that_the_server_does_not_have_is_told(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c", cohort=replace(QUERY, listed=("p", "q", "typo")))
    with reading(tmp_path / "c") as found:
        assert [text for text in found.cautions if text.startswith("Of 1 patients no Patient came")]


def test_a_read_that_was_kept_when_the_process_was_killed_counts_once(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    journal = tmp_path / "c" / "journal.ndjson"
    lines = journal.read_bytes().splitlines(keepends=True)
    key = "related Practitioner/c"
    left = [line for line in lines if not (b'"ended"' in line and json.loads(line).get("ended", {}).get("key") == key)]
    assert len(left) == len(lines) - 1
    journal.write_bytes(b"".join(left[:-1]))
    crawled(server, tmp_path / "c")

    assert len(Journal(tmp_path / "c").pages(key)) == 1
