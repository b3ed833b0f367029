"""Variants of one test as practices of their own, which are counted in one derivation.

Deriving costs far more than what is derived. Practices without a common id, number, TIN or NPI count together as
each alone (`test_two_practices_in_one_folder_count_as_each_alone`), so the variants of a test may share a folder.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from _pytest.mark.structures import ParameterSet

from extractors.cases import Tally, derive, tally
from extractors.engine.local import LocalEngine
from extractors.site import Site
from scoring.model import Period
from tests.extractors.practice import OPEN, PERIOD, A, C, Counts, Json, Key, counts_of, extracted, staff

_LOCAL = re.compile(r"^((?:https?://\S+/)?[A-Z]\w+/)([^/]+)(.*)$")


class Variant(NamedTuple):
    """One practice without its staff, and what one measure counts there for one reporter, as `count` has them."""

    measure: str
    resources: Sequence[Json]
    expected: Counts
    npi: str | None = C
    tin: str | None = A
    site: Site = OPEN
    period: Period = PERIOD
    variant: str = ""

    def named(self, number: int) -> Key:
        """Its reporter in the practice of a number."""
        how = self.variant or ("controlled-included" if self.measure == "PI_EP_1" else "all")
        return self.measure, how, self.tin and _tin(self.tin, number), self.npi and _npi(self.npi, number)


Body = Callable[..., Variant | list[Variant]]


def side_by_side(names: str | tuple[str, ...], table: Iterable[Any], ids: Sequence[str] = ()) -> Callable[[Body], Any]:
    """As `pytest.mark.parametrize`, for a test that returns what is to be counted, of one practice or of several.

    All rows are derived when the first of them runs.
    """
    rows = [_row(row, single=isinstance(names, str)) for row in table]
    told = ids or [None if row.id is None else str(row.id) for row in rows]

    def decorate(body: Body) -> Any:
        @cache
        def variants() -> list[list[Variant]]:
            found = [body(*row.values) for row in rows]
            return [one if isinstance(one, list) else [one] for one in found]

        @cache
        def counts() -> list[list[Counts]]:
            counted = iter(_counted([one for some in variants() for one in some]))
            return [[next(counted) for _ in some] for some in variants()]

        def test(row: int) -> None:
            assert counts()[row] == [one.expected for one in variants()[row]]

        test.__name__, test.__qualname__, test.__doc__ = body.__name__, body.__qualname__, body.__doc__
        test.__module__ = body.__module__
        vars(test)["pytestmark"] = vars(body).get("pytestmark", [])
        numbered = [pytest.param(n, id=told[n], marks=row.marks) for n, row in enumerate(rows)]
        return pytest.mark.parametrize("row", numbered)(test)

    return decorate


def _row(row: Any, *, single: bool) -> ParameterSet:
    return row if isinstance(row, ParameterSet) else pytest.param(*((row,) if single else row))


def _counted(variants: Sequence[Variant]) -> list[Counts]:
    found: dict[int, Counts] = {}
    sites: list[Site] = []
    for one in variants:
        sites += [] if one.site in sites else [one.site]
    for site in sites:
        found |= _of_one_site(site, {number: one for number, one in enumerate(variants) if one.site == site})
    return [found[number] for number in range(len(variants))]


def _of_one_site(site: Site, variants: Mapping[int, Variant]) -> dict[int, Counts]:
    written = [made for number, one in variants.items() for made in elsewhere([*staff(), *one.resources], number)]
    shared = frozenset(_local(name, number) for name in site.shared_ehr for number in variants)
    assert all(one.tin or one.npi for one in variants.values()), "what is nobody's is that of all practices together"
    assert not site.tin_map, "the organizations of a TIN map have names, which are others here"
    assert site.data_until, "of a site without a word, the data end with the last day of all practices"
    found: dict[int, Counts] = {}
    with LocalEngine() as engine:
        derive(extracted(written, site), replace(site, shared_ehr=shared), engine)
        for period in {one.period for one in variants.values()}:
            tallies: dict[Key, Tally] = {
                (t.measure, t.variant, t.tin, t.npi): t for t in tally(engine, period, site.numerator_window)
            }
            for number, one in variants.items():
                if one.period == period:
                    measure, how, tin, npi = one.named(number)
                    found[number] = counts_of(tallies, measure, npi, tin, how)
    return found


def _npi(npi: str, number: int) -> str:
    """The NPI in place of another in the practice of a number; its last digit is Luhn's over it with 80840 in front."""
    body = f"1{number:03d}{crc32(npi.encode()) % 10**5:05d}"
    digits = [int(digit) for digit in f"80840{body}"][::-1]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return f"{body}{-sum(doubled) % 10}"


def _tin(tin: str, number: int) -> str:
    return f"{number:03d}{crc32(tin.encode()) % 10**6:06d}"


_NUMBERS = {"http://hl7.org/fhir/sid/us-npi": _npi, "urn:oid:2.16.840.1.113883.4.4": _tin}


def _local(reference: str, number: int) -> str:
    return _LOCAL.sub(rf"\g<1>n{number}-\2\3", reference)


def elsewhere(resources: Iterable[Json], number: int) -> list[Json]:
    """The same practice under other ids, TINs, NPIs and numbers."""
    return [_moved(one, number) for one in resources]


def _moved(found: Any, number: int) -> Any:
    if isinstance(found, list):
        return [_moved(one, number) for one in found]
    if not isinstance(found, dict):
        return found
    made = {name: _moved(value, number) for name, value in found.items()}
    made |= {name: _renamed(name, value, found, number) for name, value in found.items() if isinstance(value, str)}
    if "contained" in found:  # names of their own, which only their resource knows
        made["contained"] = [{**_moved(one, number), "id": one["id"]} for one in found["contained"]]
    return made


def _renamed(name: str, value: str, of: Json, number: int) -> str:
    if name == "id" and "resourceType" in of:
        return f"n{number}-{value}"
    if name == "reference" or (name == "url" and not value.startswith("http")):
        return _local(value, number)
    if name == "value" and "system" in of:
        of_system = _NUMBERS.get(of["system"])
        return of_system(value, number) if of_system else f"{value}-{number}"
    return value
