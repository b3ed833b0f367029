"""Preflight as a use case: a server, how to be let in, and a year; which of its measures the server can show."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from extractors.decode import read_object
from extractors.gateway import Gateway, Network, Patience
from extractors.ledger import NEEDS
from extractors.places import place_of
from extractors.preflight import Gradeability, Judged, Preflight, Questions, examine
from extractors.preflight_carriers import KindShown, Shown
from extractors.preflight_sample import FEW, SampledServer, Told
from extractors.preflight_server import Asker
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.bearers import Anonymous, TokenFile
from extractors.sources.cohort import checked_id, listed_in
from extractors.sources.dialect import dialect_of
from extractors.sources.search import Bearer, LiveServer, Outcome
from scoring.model import MeasureId
from scoring.rulebook import RuleBook
from scoring.year import Measure, Status
from smartapp.errors import UsageError
from smartapp.smart.login import Client, signed_in

_A_GLANCE = Patience(tries=4, budget=60)
"""A server that is busy for longer is said to be so, rather than waited for."""
_REPORTED = (Status.REQUIRED, Status.BONUS, Status.ATTESTATION, Status.OPTIONAL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look at and how to be let in.

    At most one of `token_file` and `client` is set; neither is for an open server. `patients` is a file with an id a
    line, `group` the id of a Group; without either, at most `most` patients are found by search. `only` are the
    measures to judge, all that data can decide if empty. `parameters` go with every search. `ranges` of private
    addresses may be asked too.
    """

    base: str
    rules: RuleBook
    site: Path | None = None
    profile: str | None = None
    zone: str | None = None
    token_file: Path | None = None
    client: Client | None = None
    patients: Path | None = None
    group: str | None = None
    most: int = FEW
    only: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    ca: Path | None = None
    ranges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What preflight found, with the year's rules by which measures are required."""

    preflight: Preflight
    rules: RuleBook

    def is_required(self, judged: Judged) -> bool:
        """Whether the year requires the measure."""
        return self.rules.measures[judged.measure].status is Status.REQUIRED

    def required(self, grade: Gradeability) -> list[MeasureId]:
        """Required measures of one grade."""
        return [one.measure for one in self.preflight.judged if one.grade is grade and self.is_required(one)]

    @property
    def attested(self) -> list[Measure]:
        """Measures that a person answers yes or no, whatever a server shows."""
        return [measure for measure in self.rules.with_status(*_REPORTED) if measure.id not in NEEDS]


def preflight(asked: Asked, tell: Told) -> Found:
    """Ask a server what it can show.

    Raises:
        UsageError: what was asked does not fit together.
        SmartError: nobody was signed in.
        ExtractionError: the server gives no answer, or a file is not usable.
    """
    place_of(asked.base)
    if "?" in asked.base or "#" in asked.base:
        raise UsageError("the address of a server: expected a FHIR base without ? and #.")
    site, listed = load_site(asked.site, asked.profile, asked.zone), _listed(asked)
    profile = load_profile(site.profile)
    dialect = dialect_of(profile, asked.parameters, None)
    gateway, measures = Gateway(ca=asked.ca, network=_network(asked), patience=_A_GLANCE), _measures(asked)
    with _bearer(asked) as bearer:
        server = SampledServer(asked.base.rstrip("/"), gateway, bearer, dialect)
        patients, found_by = _patients(asked, listed, server)
        questions = Questions(profile, site, measures, patients, found_by, asked.most)
        found = examine(asked.base, Asker(asked.base, gateway, bearer, dialect), server, questions, tell)
    return Found(found, asked.rules)


@contextmanager
def _bearer(asked: Asked) -> Iterator[Bearer]:
    if asked.client is not None:
        site = load_site(asked.site, asked.profile, asked.zone)
        with signed_in(asked.client, site) as token:
            yield token
    elif asked.token_file is not None:
        yield TokenFile(asked.token_file, asked.base)
    else:
        yield Anonymous()


def _network(asked: Asked) -> Network:
    try:
        return Network.of(asked.ranges)
    except ValueError:
        raise UsageError("--private-range: expected a range of addresses such as 10.20.0.0/16.") from None


def _measures(asked: Asked) -> tuple[MeasureId, ...]:
    known = tuple(name for name in asked.rules.measures if name in NEEDS)
    if wrong := [name for name in asked.only if name not in known]:
        raise UsageError(f"--measure {wrong[0]}: expected one that data can decide: {', '.join(known)}.")
    return tuple(name for name in known if name in asked.only or not asked.only)


def _patients(asked: Asked, listed: tuple[str, ...] | None, server: LiveServer) -> tuple[tuple[str, ...] | None, str]:
    """Whose data to look at; None for a search. Words for the report, without an id."""
    if listed is not None:
        return listed, "of the list given"
    if asked.group is not None:
        return _members(server, asked.group), "of the Group given"
    return None, "found by search"


def _listed(asked: Asked) -> tuple[str, ...] | None:
    """The ids of the file of patients; None without one. The id of a Group is looked at too, before any sign-in."""
    if asked.group is not None:
        checked_id(asked.group, "--group")
    if asked.patients is None:
        return None
    try:
        text = asked.patients.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{asked.patients}: expected ids of patients in UTF-8, one a line.") from None
    return listed_in(text, asked.patients.name)


def _members(server: LiveServer, group: str) -> tuple[str, ...]:
    answer = server.read(f"Group/{group}")
    if answer.outcome is not Outcome.COMPLETE:
        raise UsageError(f"--group: the Group cannot be read: {answer.detail}.")
    members = [one for line in answer.lines for one in read_object(line.data).get("member") or []]
    keys = [server.key_of(one.get("entity")) for one in members if isinstance(one, dict)]
    found = tuple(key.removeprefix("Patient/") for key in keys if key is not None and key.startswith("Patient/"))
    if not found:
        raise UsageError("--group: the Group names no patient of this server.")
    return found


def missing(judged: Judged) -> list[KindShown]:
    """The kinds that keep a measure from being derivable, worst first."""
    return [one for shown in (Shown.NO, Shown.NOT_KNOWN, Shown.MAPPED) for one in judged.of(shown)]
