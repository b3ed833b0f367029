"""QPP JSON: the schema by year, the fourteen rules of a file, and what an upload asks of the object itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from filed import checked_json, codes_of, document, pi_set
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scoring.model import MeasureId, Metric, Period, Proportion, Reporter
from scoring.rulebook import load, years
from scoring.score import score
from scoring.submission import read
from scoring.year import Status
from smartapp.exports.checking import check
from smartapp.exports.qpp_json import read_qpp_json, write_qpp_json
from smartapp.exports.qpp_schema import schema
from smartapp.printed.checked import checked_text
from smartapp.written import as_json
from tests.scoring.reported import answering, complete, counting, excluding, without

Stated = dict[str, Any]
VALIDATORS = {year: Draft202012Validator(schema(load(year))) for year in years()}


def spoiled(change: Callable[[Stated], object], year: int = 2026) -> Stated:
    """A valid object after a change to its set."""
    stated = document(complete(year))
    change(stated["measurementSets"][0])
    return stated


def put(name: str, value: object) -> Callable[[Stated], object]:
    """Report a measure, in place of what was reported for it."""

    def change(found: Stated) -> None:
        kept = [one for one in found["measurements"] if one["measureId"] != name]
        found["measurements"] = [*kept, {"measureId": name, "value": value}]

    return change


def drop(*names: str) -> Callable[[Stated], object]:
    def change(found: Stated) -> None:
        found["measurements"] = [one for one in found["measurements"] if one["measureId"] not in names]

    return change


def say(name: str, value: object) -> Callable[[Stated], object]:
    return lambda found: found.update({name: value})


def twice(found: Stated) -> None:
    found["measurements"].append(found["measurements"][0])


BONUS = [measure.id for measure in load(2026).with_status(Status.BONUS)]

BREACHES: dict[str, tuple[Callable[[Stated], object], str]] = {
    "1: an id that is not in the list": (put("PI_EP_9", True), "F-210"),
    "2: a proportion answered yes": (put("PI_EP_1", True), "F-211"),
    "2: an answer with counts": (put("PI_EP_2", {"numerator": 1, "denominator": 1}), "F-211"),
    "3: one more met than eligible": (put("PI_EP_1", {"numerator": 501, "denominator": 500}), "F-212"),
    "3: a count below 0": (put("PI_EP_1", {"numerator": -1, "denominator": 500}), "F-213"),
    "3: a broken count": (put("PI_EP_1", {"numerator": 1.5, "denominator": 500}), "F-215"),
    "3: a count as text": (put("PI_EP_1", {"numerator": "450", "denominator": 500}), "F-215"),
    "4: a measure twice": (twice, "F-214"),
    "5: a measure with its exclusion": (put("PI_LVPP_1", True), "F-207"),
    "6: two paths": (put("PI_HIE_5", True), "F-206"),
    "6: two levels": (put("PI_PHCDRR_1_PRE", True), "F-208"),
    "8: a required measure is missing": (drop("PI_PEA_1"), "F-201"),
    "8: a required attestation is missing": (drop("PI_ONCDIR_1"), "F-101"),
    "8: no path": (drop("PI_HIE_1", "PI_HIE_4"), "F-205"),
    "9: a required attestation answered no": (put("PI_PPHI_1", False), "F-102"),
    "10: no level": (drop("PI_PHCDRR_1_PROD"), "F-209"),
    "10: a level of no": (put("PI_PHCDRR_1_PROD", False), "F-209"),
    **{f"10: no level of the bonus {name}": (put(name, True), "F-306") for name in BONUS if load(2026).levels_of(name)},
    "11: a program that the year does not know": (say("programName", "M0003"), "F-315"),
    "12: no CEHRT id": (lambda found: found.pop("cehrtId"), "F-103"),
    "12: a CEHRT id of 14 characters": (say("cehrtId", "0015CABCDEFGHI"), "F-104"),
    "12: a CEHRT id of 16 characters": (say("cehrtId", "0015CABCDEFGHIJK"), "F-104"),
    "13: it ends before it starts": (say("performanceEnd", "2025-12-31"), "F-109"),
    "13: one day short": (say("performanceEnd", "2026-06-28"), "F-106"),
    "13: a day after the year": (say("performanceEnd", "2027-01-01"), "F-107"),
    "13: no first day": (lambda found: found.pop("performanceStart"), "F-105"),
    "a method that no upload accepts": (say("submissionMethod", "claims"), "F-507"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_each_breach_of_a_rule_is_refused_with_a_place(breach: str) -> None:
    change, code = BREACHES[breach]
    found = checked_json(spoiled(change))

    assert found.refused
    told = {one.finding.code: one for one in found.found}
    assert told[code].finding.severity == "error"
    assert (told[code].place or "").startswith("$.")
    assert not told[code].finding.message.startswith("$")


def in_set(*changes: Callable[[Stated], object]) -> Callable[[Stated], object]:
    def change(stated: Stated) -> None:
        for one in changes:
            one(stated["measurementSets"][0])

    return change


def without_id(entity: str) -> Callable[[Stated], object]:
    def change(stated: Stated) -> None:
        del stated["taxpayerIdentificationNumber"]
        stated["entityType"] = entity

    return change


def set_twice(stated: Stated) -> None:
    stated["measurementSets"] *= 2


def days(first: str | None, last: str | None) -> Callable[[Stated], object]:
    return in_set(say("performanceStart", first), say("performanceEnd", last))


FAULTS: dict[str, tuple[Callable[[Stated], object], str]] = {
    "the numerator above the denominator": (in_set(put("PI_EP_1", {"numerator": 501, "denominator": 500})), "F-212"),
    "a decimal count": (in_set(put("PI_EP_1", {"numerator": 450.5, "denominator": 500})), "F-215"),
    "a negative count": (in_set(put("PI_EP_1", {"numerator": -1, "denominator": 500})), "F-213"),
    "PI_HIE_5 beside PI_HIE_1": (in_set(put("PI_HIE_5", True)), "F-206"),
    "a period of ten days": (days("2026-01-01", "2026-01-10"), "F-106"),
    "a period that ends before it starts": (days("2026-12-31", "2026-01-01"), "F-109"),
    "a CEHRT id of three letters": (in_set(say("cehrtId", "ABC")), "F-104"),
    "no CEHRT id": (in_set(lambda found: found.pop("cehrtId")), "F-103"),
    "an answer of MAYBE": (in_set(put("PI_EP_2", "MAYBE")), "F-215"),
    "a measure twice": (in_set(twice), "F-214"),
    "two sections": (set_twice, "F-504"),
    "an unknown measure id": (in_set(put("PI_EP_9", True)), "F-210"),
    "plain MIPS": (in_set(say("programName", "MIPS")), "F-315"),
    "a subgroup without its id": (without_id("subgroup"), "F-313"),
    "a virtual group without its id": (without_id("virtualGroup"), "F-313"),
    "no reporting period": (days(None, None), "F-105"),
    "a timestamp for a day": (days("2026-01-01T00:00:00", "2026-12-31"), "F-217"),
}
"""What CMS's offline tools let pass of QRDA III one fault at a time, by the names that it has there."""


LEFT_OUT = {"F-105", "F-201"}
"""What cannot be read is left out, and then it is missing."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_single_fault_that_qrda_has_too_is_refused_alone_and_has_a_place(fault: str) -> None:
    spoil, code = FAULTS[fault]
    stated = document(complete(2026))
    spoil(stated)
    errors = [one for one in checked_json(stated).found if one.finding.severity == "error"]

    assert code in [one.finding.code for one in errors]
    assert {one.finding.code for one in errors} <= {code, *LEFT_OUT}
    assert all((one.place or "").startswith("$.") for one in errors)


def test_nothing_out_of_nothing_is_refused_for_what_it_costs_and_not_as_a_wrong_count() -> None:
    found = checked_json(document(counting(complete(2026), "PI_PEA_1", Proportion(0, 0))))

    assert codes_of(found, "error") == ["F-203"]


@pytest.mark.parametrize("year", years())
def test_each_measure_of_public_health_needs_exactly_one_of_its_levels(year: int) -> None:
    levelled = [measure.id for measure in load(year).measures.values() if measure.requires_level]

    assert levelled == [f"PI_PHCDRR_{n}" for n in range(1, 6)]
    for name in levelled:
        bare = answering(without(complete(year), f"{name}_PROD"), **{name: True})
        refused = [
            checked_json(document(answering(bare, **{f"{name}_{level}": True for level in levels}))).refused
            for levels in ([], ["PRE"], ["PROD"], ["PRE", "PROD"])
        ]
        assert refused == [not load(year).is_suppressed(name), False, False, True]


def test_the_level_of_a_suppressed_measure_is_a_warning_and_the_file_is_taken() -> None:
    (found,) = checked_json(document(without(complete(2025), "PI_PHCDRR_3_PROD"))).found

    assert (found.finding.code, found.finding.severity) == ("F-316", "warning")
    assert "is not said" in found.finding.message
    assert found.place == "$.measurementSets[0].measurements[9]"


HIE_5 = answering(without(complete(2026), "PI_HIE_1", "PI_HIE_4"), PI_HIE_5=True)


@pytest.mark.parametrize("exclusion", ["PI_LVOTC_1", "PI_LVITC_2"])
@pytest.mark.parametrize("path", ["PI_HIE_5", "PI_HIE_6"])
def test_rule_7_an_exclusion_of_the_other_path_is_refused_beside_exchange(path: str, exclusion: str) -> None:
    bare = without(complete(2026), "PI_HIE_1", "PI_HIE_4")

    assert not checked_json(document(answering(bare, **{path: True}))).refused
    assert "F-216" in codes_of(checked_json(document(answering(bare, **{path: True, exclusion: True}))), "error")


@pytest.mark.parametrize("year", years())
def test_a_complete_submission_is_not_refused(year: int) -> None:
    assert not checked_json(document(complete(year))).refused


LAWFUL = {
    "an exclusion in place of its measure": excluding(complete(2026), "PI_EP_1", "PI_LVPP_1"),
    "exchange in both directions": HIE_5,
    "an optional answer of no": answering(complete(2026), PI_ONCACB_1=False),
    "as many met as eligible": counting(complete(2026), "PI_EP_1", Proportion(500, 500)),
    "exactly the minimum of days": replace(complete(2026), period=Period(date(2026, 1, 1), date(2026, 6, 29))),
    "a bonus measure with its level": answering(complete(2026), PI_PHCDRR_2=True, PI_PHCDRR_2_PRE=True),
    "a bonus measure that has no level": answering(complete(2026), PI_PHCDRR_6=True),
    "another prefix of the CEHRT id": replace(complete(2026), cehrt_id="ABCDEFGHIJKLMNO"),
}


@pytest.mark.parametrize("what", LAWFUL)
def test_what_is_lawful_is_not_refused(what: str) -> None:
    assert not checked_json(document(LAWFUL[what])).refused


IDENTITIES = {
    "a group with an NPI": ("group", Reporter("000777777", "1234567893"), False),
    "a group with its TIN": ("group", Reporter("000777777", None), True),
    "an individual without a TIN": ("individual", Reporter(None, "1234567893"), False),
    "an individual with both": ("individual", Reporter("000777777", "1234567893"), True),
    "an NPI whose check digit is wrong": ("individual", Reporter("000777777", "1234567890"), False),
    "a subgroup without an entity": ("subgroup", Reporter("000777777", None), False),
    "a subgroup with one": ("subgroup", Reporter(None, None, "SG-1"), True),
    "an entity that cannot be printed": ("apm", Reporter(None, None, "A\x0b1"), False),
    "an entity of blanks": ("apm", Reporter(None, None, "  "), False),
    "nobody": (None, Reporter("000777777", None), False),
}


@pytest.mark.parametrize("who", IDENTITIES)
def test_rule_14_identifiers_are_exactly_those_of_the_entity_type(who: str) -> None:
    kind, reporter, lawful = IDENTITIES[who]
    found = checked_json(document(replace(complete(2026), reporter=reporter, entity_type=kind)))

    assert codes_of(found, "error") == ([] if lawful else ["F-313"])


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\ud800", "PI EP", "", "P" * 41, "\u202ePI"])
def test_no_word_of_a_file_can_spoil_a_terminal(hostile: str) -> None:
    stated = spoiled(put(hostile, True))
    stated["measurementSets"][0] |= {"cehrtId": f"{hostile}\x1b", f"x{hostile}\x1b": 1, "programName": f"{hostile}\x1b"}
    found = checked_json(stated)

    told = (checked_text(found) + as_json(found.as_document())).replace("\n", "")
    assert {"F-104", "F-215", "F-315"} <= set(codes_of(found, "error"))
    assert told.isprintable()


def test_errors_are_told_before_warnings() -> None:
    stated = spoiled(say("submitterId", "x"))
    drop("PI_PEA_1", "PI_PHCDRR_3")(stated["measurementSets"][0])
    told = [one.finding.severity.value for one in checked_json(stated).found]

    assert told == sorted(told)
    assert {"error", "warning"} <= set(told)


def test_a_tin_of_eight_digits_is_refused() -> None:
    stated = {**document(complete(2026)), "taxpayerIdentificationNumber": "12345678"}

    assert codes_of(checked_json(stated), "error") == ["F-217"]


def test_fields_that_cms_makes_are_told_and_other_sets_are_named() -> None:
    stated = spoiled(say("submitterId", "x"))
    stated["measurementSets"].append({"category": "ia", "measurements": []})
    found = checked_json({**stated, "source": "ours"})

    assert [one.place for one in found.found if one.finding.code == "F-508"] == ["$.measurementSets[0].submitterId"]
    assert found.imported.not_read == ("$.measurementSets[1] (another category)", "$.source")
    assert not found.refused


def with_second(**changes: object) -> Stated:
    """A valid object with a second set, the first with some fields otherwise."""
    stated = spoiled(lambda _: None)
    (first,) = stated["measurementSets"]
    return {**stated, "measurementSets": [first, {**first, **changes}]}


@pytest.mark.parametrize("other", [{"programName": "G0053"}, {"submissionMethod": "electronicHealthRecord"}])
def test_a_set_for_each_program_and_method_is_lawful(other: dict[str, str]) -> None:
    found = checked_json(with_second(**other))

    assert not found.refused
    assert [one.program for one in found.submissions] == ["mips", other.get("programName", "mips")]


@pytest.mark.parametrize("named", [{}, {"programName": "mips"}])
def test_the_same_program_by_the_same_method_twice_is_refused(named: dict[str, str]) -> None:
    stated = with_second()
    stated["measurementSets"][0] = {**stated["measurementSets"][0], **named}
    del stated["measurementSets"][1]["programName"]  # which is mips when it is not said
    (error,) = [one for one in checked_json(stated).found if one.finding.severity == "error"]

    assert (error.finding.code, error.place) == ("F-504", "$.measurementSets[1].programName (program mips)")
    assert "registry" in error.finding.message


def test_each_set_is_checked_and_every_place_in_it_names_its_program() -> None:
    stated = with_second(programName="G0053", cehrtId="ABC", submissionMethod="claims", submitterId="x")
    put("PI_PPHI_1", False)(stated["measurementSets"][1])
    drop("PI_PEA_1")(stated["measurementSets"][0])
    found = checked_json({**stated, "taxpayerIdentificationNumber": "12"})

    assert sorted((one.finding.code, one.place) for one in found.found) == [
        ("F-102", "$.measurementSets[1].measurements[12] (program G0053)"),
        ("F-104", "$.measurementSets[1].cehrtId (program G0053)"),
        ("F-201", "$.measurementSets[0].measurements (program mips)"),
        ("F-217", "$.taxpayerIdentificationNumber"),
        ("F-507", "$.measurementSets[1].submissionMethod (program G0053)"),
        ("F-508", "$.measurementSets[1].submitterId (program G0053)"),
    ]


def test_the_program_in_a_place_is_never_a_word_of_the_file_that_no_year_knows() -> None:
    found = checked_json(with_second(programName="\x1b[2J", cehrtId="ABC"))

    assert {"F-104", "F-315"} <= set(codes_of(found, "error"))
    assert (checked_text(found) + as_json(found.as_document())).replace("\n", "").isprintable()
    assert {one.place for one in found.found if one.finding.code == "F-104"} == {
        "$.measurementSets[1].cehrtId (a program that the year does not know)"
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "null",
        '"pi"',
        "{}",
        '{"measurementSets": 1}',
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        "\ufeff[]",
        "1e",
    ],
)
def test_what_is_no_submission_is_one_error(text: str) -> None:
    found = check(read_qpp_json(text.encode()))

    assert codes_of(found) == ["F-501"]
    assert found.submissions == ()


def test_bytes_that_are_no_text_are_one_error() -> None:
    assert codes_of(check(read_qpp_json(b"{\xff}"))) == ["F-501"]


def test_the_place_of_a_broken_file_is_told() -> None:
    (found,) = check(read_qpp_json(b'{\n  "a": ]\n}')).found

    assert found.place == "line 2 column 8"


@pytest.mark.parametrize("year", years())
def test_what_is_written_has_the_shape_of_its_year(year: int) -> None:
    written = json.loads(write_qpp_json(complete(year), load(year)))

    assert list(VALIDATORS[year].iter_errors(written)) == []
    assert pi_set(written)["submissionMethod"] == "registry"


OUTSIDE: dict[str, Callable[[Stated], object]] = {
    "an id of no year": put("PI_EP_9", True),
    "a proportion answered yes": put("PI_EP_1", True),
    "an answer with counts": put("PI_EP_2", {"numerator": 1, "denominator": 1}),
    "a negative count": put("PI_EP_1", {"numerator": -1, "denominator": 1}),
    "another field": say("source", "qrda3"),
    "another category": say("category", "aci"),
    "a program of another year": say("programName", "M0003"),
    "a short CEHRT id": say("cehrtId", "ABC"),
    "a measure twice": twice,
    "a day of another year": say("performanceStart", "2025-01-01"),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_the_schema_refuses_other_shapes(what: str) -> None:
    assert list(VALIDATORS[2026].iter_errors(spoiled(OUTSIDE[what]))) != []


@pytest.mark.parametrize("who", IDENTITIES)
def test_the_schema_and_the_check_agree_on_identifiers(who: str) -> None:
    kind, reporter, lawful = IDENTITIES[who]
    if reporter.npi == "1234567890" or reporter.entity_id in ("A\x0b1", "  "):
        lawful = True  # a schema counts no check digits, and prints nothing
    stated = document(replace(complete(2026), reporter=reporter, entity_type=kind))

    assert (list(VALIDATORS[2026].iter_errors(stated)) == []) is lawful


@pytest.mark.parametrize("year", years())
def test_the_schema_names_every_measure_of_the_year_once(year: int) -> None:
    Draft202012Validator.check_schema(schema(load(year)))
    items = schema(load(year))["properties"]["measurementSets"]["items"]["properties"]["measurements"]["items"]
    named = [name for kind in items["oneOf"] for name in kind["properties"]["measureId"]["enum"]]

    assert sorted(named) == sorted(load(year).measures)


def _values(measure: MeasureId) -> st.SearchStrategy[object]:
    counts = st.integers(-2, 3)
    pairs = st.fixed_dictionaries({"numerator": counts, "denominator": counts})
    if load(2026).measures[measure].metric is Metric.PROPORTION:
        return pairs
    return st.booleans()


@given(
    values=st.lists(st.sampled_from(sorted(load(2026).measures)), max_size=8, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: _values(name) for name in names})
    )
)
def test_a_file_is_refused_exactly_when_its_score_is_shut_or_a_bonus_lacks_its_level(values: dict[str, object]) -> None:
    stated = document(complete(2026))
    for name, value in values.items():
        put(name, value)(stated["measurementSets"][0])
    found = checked_json(stated)

    assert found.submissions
    submission, unread = read(stated)
    result = score(load(2026), submission, unread)
    assert found.refused == (result.gate_shut or "F-306" in [finding.code for finding in result.findings])
