"""Whose records are crawled, and in which words a server is asked."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from extractors.errors import ProfileError, SourceError
from extractors.profile import load_profile
from extractors.sources.cohort import Cohort, Rule, checked_id, listed_in
from extractors.sources.dialect import dialect_of
from tests.crawl.scripted import Raw, Scripted, crawled
from tests.extractors.practice import GENERIC, ref, resource

DAYS = Cohort(Rule.ENCOUNTERS, start=date(2026, 3, 1), end=date(2026, 3, 31))
NEW_YORK = "America/New_York"


def group(*members: object, **elements: object) -> dict[str, object]:
    return resource("Group", "panel", member=list(members), **elements)


def read(server: Scripted) -> set[str]:
    """The patients who were asked about."""
    return {text.partition("_id=")[2].partition("&")[0] for text in server.asked("Patient?")}


def test_the_members_of_a_group_are_read_without_those_who_left(server: Scripted, tmp_path: Path) -> None:
    left = {"entity": ref("Patient/stranger"), "inactive": True}
    others = {"entity": ref("Practitioner/c")}
    server.resources.append(group({"entity": ref("Patient/p")}, {"entity": ref("Patient/q")}, left, others))
    found = crawled(server, tmp_path / "c", cohort=Cohort(Rule.GROUP, group="panel"))

    assert (found.patients, found.faults) == (2, ())
    assert read(server) == {"p", "q"}


@pytest.mark.requirement("R72")
def test_a_group_that_names_fewer_than_it_has_blocks_the_score(server: Scripted, tmp_path: Path) -> None:
    server.resources.append(group({"entity": ref("Patient/p")}, quantity=2))
    found = crawled(server, tmp_path / "c", cohort=Cohort(Rule.GROUP, group="panel"))

    assert found.faults == ("cohort: partial: the server left something out",)


@pytest.mark.parametrize("status", [403, 404])
def test_a_group_that_cannot_be_read_stops_the_crawl(server: Scripted, tmp_path: Path, status: int) -> None:
    server.says("Group/panel", Raw(status))

    with pytest.raises(SourceError, match="no patient was found by the group"):
        crawled(server, tmp_path / "c", cohort=Cohort(Rule.GROUP, group="panel"))


@pytest.mark.requirement("R75")
@pytest.mark.parametrize(
    ("start", "end", "is_read"),
    [
        ("2026-03-01T00:30:00-05:00", None, True),
        ("2026-02-28T23:30:00-05:00", None, False),
        ("2026-03-01T04:30:00Z", None, False),  # still February in New York
        ("2026-04-01T03:30:00Z", None, True),  # still March in New York
        ("2026-04-01T04:30:00Z", None, False),
        ("2026-02-27", "2026-03-02", True),
        ("2026-02", None, False),
        ("2026", None, True),
        ("no day", None, True),
    ],
)
def test_visits_are_asked_for_a_day_wider_and_held_against_the_practices_days(
    server: Scripted, tmp_path: Path, start: str, end: str | None, is_read: bool
) -> None:
    period = {"start": start, **({"end": end} if end else {})}
    inside = resource("Encounter", "inside", subject=ref("Patient/q"), period={"start": "2026-03-10"})
    edge = resource("Encounter", "edge", subject=ref("Patient/p"), period=period)
    server.says("Encounter?date", server.page("Encounter?date", inside, edge))
    crawled(server, tmp_path / "c", cohort=DAYS, zone=NEW_YORK)

    assert server.asked("Encounter?date") == ["Encounter?date=ge2026-02-28&date=le2026-04-01&_count=100"]
    assert read(server) == ({"p", "q"} if is_read else {"q"})


def test_who_has_an_appointment_is_read(server: Scripted, tmp_path: Path) -> None:
    actors = [{"actor": ref("Practitioner/c")}, {"actor": ref("Patient/p")}, {}]
    booked = resource("Appointment", "a", start="2026-03-10T10:00:00Z", participant=actors)
    early = resource("Appointment", "b", start="2026-02-28T10:00:00Z", participant=[{"actor": ref("Patient/q")}])
    server.says("Appointment?date", server.page("Appointment?date", booked, early))
    crawled(server, tmp_path / "c", cohort=replace(DAYS, rule=Rule.APPOINTMENTS))

    assert read(server) == {"p"}
    assert server.asked("Practitioner/") == ["Practitioner/c"]


@pytest.mark.requirement("R72")
def test_a_search_for_patients_that_is_not_whole_blocks_the_score(server: Scripted, tmp_path: Path) -> None:
    seen = resource("Encounter", "inside", subject=ref("Patient/q"), period={"start": "2026-03-10"})
    server.says("Encounter?date", server.page("Encounter?date", seen, total=5))
    found = crawled(server, tmp_path / "c", cohort=DAYS)

    assert found.faults == ("cohort: partial: the server left something out",)


def test_a_list_names_each_patient_once() -> None:
    assert listed_in("p\r\n\n Patient/q \np\n", "ids.txt") == ("p", "q")


@pytest.mark.parametrize("text", ["a/b", "p?x=1", "a b", "", "x" * 129, "p#1", "p&q", "p%2F"])
def test_what_is_no_id_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(SourceError, match="expected an id") as refusal:
        checked_id(text, "--group")
    assert not text or text not in str(refusal.value).removeprefix("--group")


def test_an_id_may_be_longer_than_fhir_permits() -> None:
    assert checked_id("e" * 88, "--group") == "e" * 88
    assert checked_id("x" * 128, "--group")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_list_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="got none"):
        listed_in(text, "ids.txt")


def vendor(tmp_path: Path, search: str) -> Path:
    file = tmp_path / "vendor.toml"
    file.write_text(f'extends = "generic"\nname = "vendor"\nversion = "1"\nabout = "x"\n[search]\n{search}\n')
    return file


@pytest.mark.requirement("R71")
def test_a_profile_says_in_which_words_its_server_is_asked(server: Scripted, tmp_path: Path) -> None:
    profile = vendor(
        tmp_path,
        'page_size = 10\nstatic = ["ah-practice"]\nnever_send = ["Encounter.date"]\n'
        'also = { Task = { status = "completed,failed" } }\npatient_by = { Condition = "subject" }',
    )
    parameters = {"ah-practice": "Organization/a-1.Practice-1"}
    visit = resource("Encounter", "e", subject=ref("Patient/p"), period={"start": "2026-03-10"})
    server.says("Encounter?ah", server.page("Encounter?ah", visit))
    crawled(server, tmp_path / "c", profile=str(profile), parameters=parameters, cohort=DAYS)
    practice = "&ah-practice=Organization/a-1.Practice-1"

    assert server.asked("Encounter?ah") == [f"Encounter?{practice[1:]}&_count=10"]
    assert server.asked("Task?") == [
        f"Task?patient=p&status=completed,failed{practice}&_count=10&_revinclude=Provenance:target"
    ]
    assert server.asked("Condition?")[0].startswith("Condition?subject=Patient/p&")


def test_a_static_parameter_without_a_value_is_asked_for(tmp_path: Path) -> None:
    profile = load_profile(str(vendor(tmp_path, 'static = ["ah-practice"]')))

    with pytest.raises(SourceError, match="--parameter ah-practice=VALUE"):
        dialect_of(profile, {}, None)


@pytest.mark.parametrize("size", [1, 1000])
def test_a_page_size_within_its_bounds_is_taken(tmp_path: Path, size: int) -> None:
    assert load_profile(str(vendor(tmp_path, f"page_size = {size}"))).search.page_size == size


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        ("page_size = 0", "from 1 to 1000"),
        ("page_size = 1001", "from 1 to 1000"),
        ("static = [1]", "names of parameters"),
        ("also = { Nothing = { a = 'b' } }", "expected a FHIR R4 resource type"),
        ("also = { Task = 'x' }", "texts by name"),
        ("also = { Task = { a = 1 } }", "texts by name"),
        ("patient_by = { Task = '' }", "texts by name"),
        ("patient_by = { Nothing = 'x' }", "expected a FHIR R4 resource type"),
        ("sometimes = []", "sometimes"),
        ("never_send = ['Provenance.target']", "of everybody"),
    ],
)
def test_search_rules_are_read_strictly(tmp_path: Path, search: str, problem: str) -> None:
    with pytest.raises(ProfileError, match=problem):
        load_profile(str(vendor(tmp_path, search)))


@pytest.mark.requirement("R11")
@pytest.mark.parametrize("said", [None, {}, {"rest": "x"}, {"rest": [{"resource": [1]}]}, {"rest": [None, {}]}])
def test_a_server_that_says_nothing_usable_of_itself_is_asked_as_fhir_has_it(said: dict[str, object] | None) -> None:
    dialect = dialect_of(GENERIC, {}, said)

    assert dialect.asking("MedicationRequest", dialect.of_patient("MedicationRequest", "p"), along=True) == (
        ("patient", "p"),
        ("_count", "100"),
        ("_include", "MedicationRequest:medication"),
        ("_revinclude", "Provenance:target"),
    )
