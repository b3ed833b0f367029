"""What vendors document, read by their profiles: the statuses of an e-prescribing module, and what is not shown."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from extractors.cases import derive, tally
from extractors.engine.local import LocalEngine
from extractors.errors import ProfileError
from extractors.events import extract
from extractors.ledger import Sight, ledger_of
from extractors.profile import kept_files, load_kept, load_profile, profile_names
from extractors.vocabulary import EventKind
from tests.extractors.practice import (
    MET,
    NDC,
    NONE,
    NOT_MET,
    OPEN,
    PERIOD,
    UNKNOWN,
    A,
    C,
    Counts,
    Json,
    counts_of,
    drug,
    lines,
    prescription,
    seen,
    staff,
    transmission,
)

DOSESPOT, ORACLE = load_profile("medplum-dosespot"), load_profile("oracle-health")
STATUS = "https://dosespot.com/prescription-status"
PRESCRIPTION_ID = "https://dosespot.com/prescription-id"
PRESCRIBING, BASIS = "PI_EP_1", "controlled-included"


def synchronised(told: str | None, name: str = "rx", **elements: Any) -> Json:
    """An order as Medplum documents it, but with its requester, so that it is somebody's."""
    said = {"extension": [{"url": STATUS, "valueCode": told}]} if told else {}
    return prescription(
        name,
        **{
            "identifier": [{"system": PRESCRIPTION_ID, "value": name}],
            "recorder": {"identifier": {"value": "dosespot"}},
            **said,
            **elements,
        },
    )


def counted(resources: Iterable[Json], npi: str | None = C, tin: str | None = A) -> Counts:
    """What PI_EP_1 counts with the vendor's profile and nothing vouched for."""
    with LocalEngine() as engine:
        derive(extract(lines([*staff(), *resources]), DOSESPOT, OPEN.zone_info), OPEN, engine)
        found = {(t.measure, t.variant, t.tin, t.npi): t for t in tally(engine, PERIOD, OPEN.numerator_window)}
    return counts_of(found, PRESCRIBING, npi, tin, BASIS)


@pytest.mark.case(32)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("eRxSent", MET),
        ("PharmacyVerified", MET),
        ("Printed", NOT_MET),
        ("Error", NOT_MET),
        ("EpcsError", NOT_MET),
        ("Deleted", NOT_MET),
        ("Entered", NOT_MET),
        ("EpcsSigned", UNKNOWN),
        ("Sending", UNKNOWN),
        ("Requested", UNKNOWN),
        ("Edited", UNKNOWN),
        ("ReadyToSign", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_the_status_of_the_e_prescribing_module_says_whether_it_was_sent(status: str | None, expected: Counts) -> None:
    assert counted([synchronised(status)]) == expected


@pytest.mark.case(31)
@pytest.mark.parametrize(("status", "expected"), [("eRxSent", MET), ("Printed", NONE)])
def test_an_order_cancelled_after_it_was_sent_counts_by_the_modules_own_word(status: str, expected: Counts) -> None:
    assert counted([synchronised(status, status="cancelled")]) == expected


@pytest.mark.case(47)
def test_a_status_that_the_profile_does_not_map_is_unknown_and_shows_in_the_ledger() -> None:
    found = extract(lines([*staff(), synchronised("Queued")]), DOSESPOT, OPEN.zone_info)
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        unmapped = {row["type"]: row.get("unmapped") for row in ledger_of(found, engine)}
    assert counted([synchronised("Queued")]) == UNKNOWN
    assert {kind for kind, count in unmapped.items() if count} == {"MedicationRequest"}
    assert unmapped["MedicationRequest"] == 1


@pytest.mark.case(48)
@pytest.mark.parametrize(("status", "expected"), [("eRxSent", MET), ("Printed", UNKNOWN), ("Sending", MET)])
def test_the_module_and_a_standard_carrier_must_agree(status: str, expected: Counts) -> None:
    assert counted([synchronised(status), transmission()]) == expected


@pytest.mark.case(22)
def test_history_from_other_prescribers_is_no_order_of_anybody() -> None:
    history = synchronised(None, intent="original-order", recorder={"identifier": {"value": "surescripts"}})
    assert counted([history]) == NONE


@pytest.mark.case(34)
def test_a_synchronised_copy_without_a_requester_gives_its_status_to_the_order_with_the_same_number() -> None:
    number = [{"system": PRESCRIPTION_ID, "value": "77"}]
    order = prescription("ehr", identifier=number)
    copy = synchronised("eRxSent", "copy", identifier=number, requester=None)
    assert counted([order, copy]) == MET
    assert counted([order, copy], npi=None, tin=None) == NONE


def test_a_synchronised_order_that_names_nobody_and_has_no_other_copy_is_nobodys() -> None:
    alone = synchronised("eRxSent", requester=None)
    assert counted([alone]) == NONE
    assert counted([alone], npi=None, tin=None) == MET


def test_an_order_coded_with_a_package_code_alone_is_a_known_drug() -> None:
    order = synchronised("eRxSent", medicationCodeableConcept=drug("00093736598", NDC))
    assert counted([order]) == MET


@pytest.mark.case(9)
@pytest.mark.parametrize(
    ("written", "assumed"), [("2026-03-02T10:00:00.483", 1), ("2026-03-02T10:00:00-05:00", 0), ("2026-03-02", 0)]
)
def test_orders_whose_times_bear_no_offset_are_counted_in_the_ledger(written: str, assumed: int) -> None:
    found = extract(lines([*staff(), synchronised("eRxSent", on=written)]), DOSESPOT, OPEN.zone_info)
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        (row,) = (row for row in ledger_of(found, engine) if row["type"] == "MedicationRequest")
    assert row["zone_assumed"] == assumed


@pytest.mark.parametrize("kind", sorted(ORACLE.absent))
def test_what_a_server_does_not_show_says_why_since_when_and_where_that_is_documented(kind: EventKind) -> None:
    remark = ORACLE.absent[kind]
    assert remark.text
    assert remark.source is not None
    assert remark.source.startswith("https://")
    assert remark.on is not None


def test_a_kind_that_the_profile_declares_absent_is_not_read_though_a_carrier_stands_in_the_data() -> None:
    documents = [prescription(), transmission()]
    found = extract(lines(documents), ORACLE, OPEN.zone_info)
    assert {row["kind"] for row in found.events} == {EventKind.PRESCRIPTION_WRITTEN}
    assert seen(documents, ORACLE)[EventKind.PRESCRIPTION_TRANSMITTED] is Sight.ABSENT


@pytest.mark.parametrize("profile", [DOSESPOT, ORACLE], ids=lambda profile: profile.name)
def test_what_is_only_documented_is_not_called_observed(profile: Any) -> None:
    assert profile.observed is None


MINE = 'name = "mine"\nversion = "1"\nabout = "mine"\nextends = "generic"\n'


def extending(tmp_path: Path, more: str = "", name: str = "mine") -> str:
    place = tmp_path / f"{name}.toml"
    place.write_text(MINE + more)
    return str(place)


def test_a_profile_that_extends_another_reads_all_that_it_reads(tmp_path: Path) -> None:
    generic, mine = load_profile("generic"), load_profile(extending(tmp_path))
    rules = {s.rule for group in generic.selectors.values() for s in group}
    assert {s.rule for group in mine.selectors.values() for s in group} == rules
    assert mine.reads == generic.reads
    assert mine.digest != generic.digest


def test_an_absent_kind_loses_every_inherited_carrier_and_nothing_else(tmp_path: Path) -> None:
    mine = load_profile(extending(tmp_path, '[[absent]]\nkind = "summary-sent"\nwhy = "no"\n'))
    generic = load_profile("generic")
    assert mine.carriers(EventKind.SUMMARY_SENT) == []
    others = [kind for kind in EventKind if kind is not EventKind.SUMMARY_SENT]
    assert all([s.rule for s in mine.carriers(k)] == [s.rule for s in generic.carriers(k)] for k in others)


def test_a_dropped_rule_is_not_inherited_and_says_why(tmp_path: Path) -> None:
    mine = load_profile(extending(tmp_path, '[[drop]]\nrule = "receipt-confirmed/Task/2"\nwhy = "internal"\n'))
    assert "receipt-confirmed/Task/2" not in {s.rule for s in mine.carriers(EventKind.RECEIPT_CONFIRMED)}
    assert [(one.about, one.text) for one in mine.dropped] == [("receipt-confirmed/Task/2", "internal")]


def test_a_profile_of_ones_own_may_show_what_its_vendors_profile_calls_absent(tmp_path: Path) -> None:
    carrier = (
        '[[select]]\nkind = "access-vdt"\nresource = "Patient"\nwhere = "link.exists()"\npatient = "link.other"\n'
        'rank = 1\ngrade = "native"\nwhy = "x"\n'
    )
    place = tmp_path / "mine.toml"
    place.write_text(MINE.replace('"generic"', '"oracle-health"') + carrier)
    mine = load_profile(str(place))
    assert EventKind.ACCESS_VDT not in mine.absent
    assert [s.rule for s in mine.carriers(EventKind.ACCESS_VDT)] == ["access-vdt/Patient/1"]
    assert mine.never_send == ORACLE.never_send


@pytest.mark.requirement("R127")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[drop]]\nrule = "nobody/Task/1"\nwhy = "x"\n', "mine.toml, drop: expected a rule that is inherited"),
        ('[[drop]]\nrule = "receipt-confirmed/Task/2"\n', "mine.toml, drop 1: 'why' is missing"),
        ('[[absent]]\nkind = "pdmp"\nwhy = "x"\n', "mine.toml, absent 1, kind: expected one of"),
        ('[search]\nnever_send = ["authoredon"]\n', "never_send: expected Type.parameter"),
        ('[search]\nnever_send = ["Order.day"]\n', "never_send: expected a FHIR R4 resource type, got 'Order'"),
        ("[search]\nnever = []\n", "mine.toml, search: unknown key 'never'"),
        ('[[remark]]\nabout = "x"\n', "mine.toml, remark 1: 'says' is missing"),
        (
            '[[select]]\nkind = "referral-made"\nresource = "ServiceRequest"\nwhere = "true"\nrank = 1\n'
            'grade = "native"\nwhy = "x"\n',
            "2 selectors are named referral-made/ServiceRequest/1",
        ),
    ],
)
def test_a_fault_of_what_differs_is_named_with_its_place(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        load_profile(extending(tmp_path, more))
    assert said in str(refused.value)


@pytest.mark.parametrize("base", ["mine.toml", "nobody", "../generic", ""])
def test_a_profile_cannot_extend_itself_or_what_is_not_there(tmp_path: Path, base: str) -> None:
    place = tmp_path / "mine.toml"
    place.write_text(MINE.replace('"generic"', f'"{base}"'))
    with pytest.raises(ProfileError, match=r"mine\.toml, extends: expected"):
        load_profile(str(place))


def test_a_file_beside_may_be_extended_and_a_change_of_any_file_changes_the_digest(tmp_path: Path) -> None:
    extending(tmp_path, name="base")
    place = tmp_path / "mine.toml"
    place.write_text(MINE.replace('"generic"', '"base.toml"'))
    before = load_profile(str(place))
    extending(tmp_path, "# changed\n", name="base")
    assert [file.name for file in before.files] == ["mine.toml", "base.toml", "generic.toml"]
    assert load_profile(str(place)).digest != before.digest


@pytest.mark.parametrize("name", profile_names())
def test_a_kept_profile_is_read_from_what_was_kept_alone(tmp_path: Path, name: str) -> None:
    profile = load_profile(name)
    for file, text in kept_files(profile).items():
        (tmp_path / file).write_text(text)
    kept = load_kept(tmp_path)
    assert kept.digest == profile.digest
    assert {s.rule for g in kept.selectors.values() for s in g} == {
        s.rule for g in profile.selectors.values() for s in g
    }

    if len(profile.files) > 1:
        (tmp_path / "profile.1.toml").write_text(profile.files[1].text + "# the product's own, changed since\n")
        assert load_kept(tmp_path).digest != profile.digest
        (tmp_path / "profile.1.toml").unlink()
        with pytest.raises(ProfileError, match=r"profile\.1\.toml: expected an evidence profile"):
            load_kept(tmp_path)


def test_samples_of_the_product_are_of_nobody() -> None:
    folder = Path(__file__).parents[2] / "extractors" / "profiles" / "samples"
    found = [json.loads(line) for path in sorted(folder.rglob("*.ndjson")) for line in path.read_text().splitlines()]
    assert len(found) > 20
    assert {one["resourceType"] for one in found}.isdisjoint({"Patient", "Person", "RelatedPerson", "Practitioner"})
