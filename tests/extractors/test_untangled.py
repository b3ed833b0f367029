"""What SQL says of identifiers, and which rows it leaves to Python, come to what all rows together say."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import tables as schemas
from extractors.directory import NPI
from extractors.drugs.table import tables
from extractors.engine.local import LocalEngine
from extractors.identity import canonical_keys
from tests.extractors.practice import LOSARTAN, OXYCODONE, RXNORM, C, D

Triple = tuple[str, str, str]

APART = ("named", "subject", "authored", "prescribes", "asks", "asks-for")
TOKENS = [f"?identifier={token}" for token in ("urn:x|1", "urn:x|2?3", f"{NPI}|{C}", f"{NPI}|{D}")]
KINDS = {"Patient": "abc", "Practitioner": "ab", "Organization": "a", "Medication": "ab"}
PEOPLE = [f"{kind}/{name}" for kind, names in KINDS.items() for name in names]
ORDERS = [f"{kind}/{name}" for kind in ("MedicationRequest", "ServiceRequest") for name in "abcd"]
REFERRED = [kind + token for kind in ("", *KINDS) for token in TOKENS]

patients = st.sampled_from([key for key in PEOPLE + REFERRED if key.startswith("Patient")])
orders = st.sampled_from(ORDERS)


def said(attribute: str, *values: str) -> st.SearchStrategy[list[Triple]]:
    return st.tuples(orders, st.sampled_from(values)).map(lambda pair: [(pair[0], attribute, pair[1])])


carried = st.tuples(st.sampled_from(PEOPLE + ORDERS), st.sampled_from(TOKENS)).map(
    lambda pair: [(pair[0], "alias", kind + pair[1]) for kind in ("", pair[0].partition("/")[0])]
)
merged = st.tuples(patients, patients).map(lambda pair: [(pair[0], "replaced-by", pair[1])])
numbered = st.tuples(st.sampled_from(PEOPLE[3:5]), st.sampled_from([C, D])).map(
    lambda pair: [(pair[0], "npi", pair[1])]
)
named = st.tuples(orders, st.sampled_from(TOKENS), patients).map(
    lambda told: [(told[0], "named", f"{told[0].partition('/')[0]}{told[1]}"), (told[0], "subject", told[2])]
)
DRUGS = [f'{{"codings":[["{RXNORM}","{code}",""]],"text":""}}' for code in (LOSARTAN, OXYCODONE)]
stated = st.one_of(
    carried,
    merged,
    numbered,
    named,
    said("authored", "2026-03-02/2026-03-02", "2026-03-03/2026-03-03"),
    said("prescribes", *DRUGS, "Medication/a", f"Medication{TOKENS[0]}"),
    said("asks", "Organization/a", f"Organization{TOKENS[1]}", "Practitioner/a"),
    said("asks-for", "code|a", "code|b"),
    st.just([("Medication/a", "drug", DRUGS[0])]),
)
directories = st.lists(stated, max_size=14).map(lambda found: sorted({row for rows in found for row in rows}))


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as found:
        found.expect_few_rows()
        found.load("event", schemas.EVENT.empty_table())
        yield found


def load(engine: LocalEngine, directory: list[Triple], referred: list[str]) -> list[dict[str, str]]:
    rows = [dict(zip(("key", "attribute", "value"), row, strict=True)) for row in directory]
    references = [{"source": "Encounter/e", "content": "", "relation": "x", "target": key} for key in referred]
    entries = [row for row in rows if row["attribute"] not in ("alias", *APART)]
    engine.load("directory", pa.Table.from_pylist([{**row, "content": ""} for row in rows], schema=schemas.DIRECTORY))
    engine.load("stated_entry", pa.Table.from_pylist(entries, schema=schemas.DIRECTORY))
    engine.load("unsaid", schemas.DIRECTORY.empty_table())
    engine.load("reference", pa.Table.from_pylist(references, schema=schemas.REFERENCE))
    return rows


def untangled(engine: LocalEngine) -> dict[str, str]:
    engine.run("identity.sql")
    ends = canonical_keys(engine.rows("tangled"), tables())
    found = [{"key": key, "same_as": end} for key, end in ends.items()]
    engine.load("untangled", pa.Table.from_pylist(found, schema=schemas.CASE_INPUTS["untangled"]))
    engine.run("canonical.sql")
    rows = engine.rows("canonical")
    same = {row["key"]: row["same_as"] for row in rows}
    assert len(same) == len(rows)
    return same


@given(directories, st.lists(st.sampled_from(REFERRED), max_size=4))
def test_every_key_in_use_stands_for_what_it_stands_for_by_all_rows(
    engine: LocalEngine, directory: list[Triple], referred: list[str]
) -> None:
    whole = canonical_keys(load(engine, directory, referred), tables())
    same = untangled(engine)
    pointed_at = {value for _, attribute, value in directory if attribute not in ("alias", "named")}
    for key in {*PEOPLE, *ORDERS, *referred, *pointed_at}:
        assert same.get(key) == whole.get(key), key


@pytest.mark.parametrize(
    ("key", "npi"),
    [
        (f"Practitioner?identifier={NPI}|{C}", C),
        (f"?identifier={NPI}|{C}", C),
        (f"Organization?identifier={NPI}|{C}", None),
        (f"Practitioner?identifier=urn:other|{C}", None),
        ("Practitioner/c", None),
    ],
)
def test_only_a_reference_to_a_person_by_npi_states_an_npi(engine: LocalEngine, key: str, npi: str | None) -> None:
    load(engine, [], [key])
    untangled(engine)
    assert {row["key"]: row["npi"] for row in engine.rows("stated_npi")} == ({key: npi} if npi else {})


def test_a_reference_by_the_npi_of_somebody_in_the_directory_states_none_of_its_own(engine: LocalEngine) -> None:
    key = f"Practitioner?identifier={NPI}|{C}"
    load(engine, [("Practitioner/c", "npi", C), ("Practitioner/c", "alias", key)], [key])
    assert untangled(engine) == {key: "Practitioner/c"}
    assert engine.rows("stated_npi") == [{"key": "Practitioner/c", "npi": C}]


def test_identifiers_that_nobody_refers_to_are_left_alone(engine: LocalEngine) -> None:
    load(engine, [("Patient/p", "alias", "Patient?identifier=urn:mrn|7")], [])
    assert untangled(engine) == {}
    assert engine.rows("tangled") == []
