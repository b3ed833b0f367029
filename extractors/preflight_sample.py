"""A bounded sample of a server's patients for preflight: who is in it, what was read of them, and what was refused."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest

from extractors.decode import read_object
from extractors.directory import TYPES
from extractors.errors import GatewayError
from extractors.events import Line
from extractors.gateway import LANES, Gateway
from extractors.preflight_server import Asker, Statement
from extractors.profile import Profile
from extractors.sources.dialect import Dialect
from extractors.sources.search import ADDS_NOTHING, Bearer, Found, LiveServer, Outcome, WrongPatient, matches_in
from extractors.sources.searchset import NO_PROVENANCE, matches_of, subjects
from extractors.sources.walk import Refused

FEW = 10
"""Patients in a sample, unless more or fewer are asked for."""
MOST_CLINICIANS = 20
"""Clinicians who are read to see whether they have an NPI."""

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_BESIDE = frozenset({"Provenance", "Medication", "Organization", "Location", "Practitioner", "PractitionerRole"})
_TELLING = ("Communication", "Task", "Procedure", "DocumentReference", "ServiceRequest", "Immunization")
_COMMON = ("MedicationRequest", "Encounter", "Patient")
_RELATED = frozenset({ADDS_NOTHING, NO_PROVENANCE})
_WORST_FIRST = (Outcome.FAILED, Outcome.WITHHELD, Outcome.PARTIAL, Outcome.COMPLETE, Outcome.ABSENT)

Told = Callable[[int, int], None]


class SignInRefused(GatewayError):  # noqa: N818  # the word says it
    """The server answers nobody who is not signed in, or not with this credential."""


class SampledServer(LiveServer):
    """A server whose patients' records are asked for as its profile says, and with what its practice has to add."""

    def __init__(self, base: str, gateway: Gateway, bearer: Bearer, dialect: Dialect) -> None:
        super().__init__(base, gateway, bearer)
        self._dialect = dialect

    def _of_patient(self, patient: str, kind: str) -> Found:
        asked = self._dialect.asking(kind, self._dialect.of_patient(kind, patient))
        return self._found(kind, dict(asked), f"Patient/{patient}")


@dataclass(frozen=True, slots=True)
class TypeRead:
    """How one type was answered over the whole sample: the worst answer, how many resources matched, and why.

    `filed_under` is the id of a patient of whom something was found, to ask again with; None where nothing was.
    """

    type: str
    outcome: Outcome
    received: int
    detail: str
    filed_under: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read.

    `found_by` says in words whence the patients come; `provenance` is whether Provenance came with what it is about.
    """

    patients: int
    found_by: str
    searches: int
    provenance: bool
    types: Mapping[str, TypeRead]
    lines: tuple[Line, ...] = field(repr=False)


Opened = Mapping[str, TypeRead | list[str]]
"""By type, patients of a first page, or why there is none."""


def types_of(profile: Profile) -> list[str]:
    """The types that are searched patient by patient."""
    return sorted({"Patient", *profile.asked, *TYPES} - _BESIDE)


def openings(asker: Asker, profile: Profile) -> Opened:
    """What a first page of each type says to a search for anybody: patients' ids, or why there are none.

    Raises:
        SignInRefused: every answer was 401.
    """
    kinds = [kind for kind in (*_TELLING, *_COMMON, "Provenance") if kind in {*types_of(profile), *profile.asked}]
    with ThreadPoolExecutor(LANES) as lanes:
        found = dict(zip(kinds, lanes.map(lambda kind: _opening(asker, kind), kinds), strict=True))
    if all(isinstance(one, TypeRead) and one.detail == str(Refused(_UNAUTHORIZED)) for one in found.values()):
        raise SignInRefused("the server refuses to answer without a sign-in, or with this one (status 401).")
    return found


def _opening(asker: Asker, kind: str) -> TypeRead | list[str]:
    try:
        page = asker.first_page(kind, {"_count": "20"})
    except Refused as problem:
        outcome = {_FORBIDDEN: Outcome.WITHHELD, _UNAUTHORIZED: Outcome.WITHHELD, _NOT_FOUND: Outcome.ABSENT}
        return TypeRead(kind, outcome.get(problem.status, Outcome.FAILED), 0, str(problem))
    except GatewayError as problem:
        return TypeRead(kind, Outcome.FAILED, 0, str(problem))
    keys = sorted(set().union(*map(subjects, matches_of(page))))
    return [key.removeprefix("Patient/") for key in keys if key.startswith("Patient/")]


def chosen(opened: Opened, most: int) -> list[str]:
    """Patients of some first pages, those in turn: so that each type has a chance to be shown."""
    in_turn = chain.from_iterable(zip_longest(*(one for one in opened.values() if isinstance(one, list))))
    return list(dict.fromkeys(one for one in in_turn if one is not None))[:most]


def unread(opened: Opened) -> Sample:
    """The sample of a server on which nobody was found: what is refused is still known."""
    types = {
        kind: one if isinstance(one, TypeRead) else TypeRead(kind, Outcome.COMPLETE, 0, "")
        for kind, one in opened.items()
        if kind not in _BESIDE
    }
    return Sample(0, "found by search", len(opened), False, types, ())


def read_sample(server: LiveServer, profile: Profile, patients: Sequence[str], found_by: str, tell: Told) -> Sample:
    """Everything of some patients that the profile could read."""
    kinds = types_of(profile)
    asked = [(patient, kind) for patient in patients for kind in kinds]
    found: list[tuple[str, Found]] = []
    with ThreadPoolExecutor(LANES) as lanes:
        for one in lanes.map(lambda pair: (pair[0], _read(server, *pair)), asked):
            found.append(one)
            tell(len(found), len(asked))
    return Sample(
        patients=len(patients),
        found_by=found_by,
        searches=len(asked),
        provenance=not any(answer.detail in _RELATED for _, answer in found),
        types={kind: _of_type(kind, [one for one in found if one[1].type == kind]) for kind in kinds},
        lines=tuple(line for _, answer in found for line in answer.lines),
    )


def confirmed(sample: Sample, opened: Opened, statement: Statement) -> Sample:
    """A sample that calls no type missing for a 404 to some patients alone: their ids may be the fault.

    A type is missing where a search for anybody is answered with 404 too, or is not answered and the server does not
    list the type.
    """
    types = {kind: _confirmed(read, opened.get(kind), statement) for kind, read in sample.types.items()}
    return replace(sample, types=types)


def _confirmed(read: TypeRead, opened: TypeRead | list[str] | None, statement: Statement) -> TypeRead:
    if read.outcome is not Outcome.ABSENT or _is_missing(read.type, opened, statement):
        return read
    return replace(read, outcome=Outcome.FAILED, detail=f"{read.detail}, for these patients: check their ids")


def _is_missing(kind: str, opened: TypeRead | list[str] | None, statement: Statement) -> bool:
    if isinstance(opened, list):
        return False
    refused = opened is not None and opened.outcome is Outcome.ABSENT
    return refused or (bool(statement.types) and kind not in (statement.types or ()))


def _read(server: LiveServer, patient: str, kind: str) -> Found:
    try:
        return server.of_patient(patient, [kind])[0]
    except WrongPatient:
        return Found(kind, Outcome.FAILED, detail="the server answered with another patient's records")


def _of_type(kind: str, answers: Sequence[tuple[str, Found]]) -> TypeRead:
    """What lacks nothing but its Provenance is whole."""
    states = [(_outcome(found), found.detail) for _, found in answers]
    worst, detail = min(states, key=lambda state: _WORST_FIRST.index(state[0]))
    matches = [(patient, len(matches_in(found))) for patient, found in answers]
    return TypeRead(
        type=kind,
        outcome=worst,
        received=sum(count for _, count in matches),
        detail=detail if worst is not Outcome.COMPLETE else "",
        filed_under=next((patient for patient, count in matches if count), None),
    )


def _outcome(found: Found) -> Outcome:
    whole = found.outcome is Outcome.PARTIAL and found.detail in _RELATED
    return Outcome.COMPLETE if whole else found.outcome


def people_in(keys: Iterable[str | None]) -> list[str]:
    """The clinicians among the keys of whoever did something: those and their roles, that can be read."""
    return sorted({key for key in keys if key and key.partition("/")[0] in ("Practitioner", "PractitionerRole")})


def clinicians(server: LiveServer, wanted: Sequence[str]) -> list[Found]:
    """Practitioners, and those behind roles, as far as the server shows them; at most `MOST_CLINICIANS`."""
    found = [server.read(key) for key in wanted[:MOST_CLINICIANS]]
    roles = [read_object(line.data) for one in found if one.type == "PractitionerRole" for line in one.lines]
    behind = {server.key_of(role.get("practitioner")) for role in roles} - {None, *wanted}
    return found + [server.read(key) for key in sorted(filter(None, behind))]
