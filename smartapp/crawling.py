"""Reading a FHIR server into a folder as a use case: patient by patient, and on from where an earlier time stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from extractors.decode import Json
from extractors.errors import SourceError, Unreachable
from extractors.gateway import LANES, Gateway, Limits, Network, Pace, Patience
from extractors.places import place_of
from extractors.profile import Profile, load_profile
from extractors.site import load_site
from extractors.sources.bearers import Anonymous, TokenFile
from extractors.sources.cohort import Cohort, patients_of
from extractors.sources.crawl import Crawl, Plan, Told
from extractors.sources.crawled import NO_PATIENT, Crawled, faults_of, not_whole_of
from extractors.sources.dialect import EVIDENCE, check_given, dialect_of, kinds_of, types_of
from extractors.sources.journal import Journal
from extractors.sources.queries import BOUNDS, Asking
from extractors.sources.search import LiveServer
from extractors.sources.search import Outcome as Answered
from extractors.sources.walk import Bounds


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is treated: requests at a time and a minute (None: as many as it bears), and after failures.

    `pace_file` is shared by every process that reads the same hosts; None counts this process alone.
    """

    lanes: int = LANES
    rate: float | None = None
    pace_file: Path | None = None
    patience: Patience = field(default_factory=Patience)
    bounds: Bounds = BOUNDS


@dataclass(frozen=True, slots=True)
class Backend:
    """How this program signs in by itself (SMART Backend Services).

    `key_file` is a private key, PEM or JWK, or a folder of `pi180 keys`; `alg` and `kid` are needed for a PEM alone.
    `token_url` None: the server's SMART configuration says it. `v1`: scopes are written as `system/Type.read`.
    """

    client_id: str
    key_file: Path
    token_url: str | None = None
    alg: str | None = None
    kid: str | None = None
    v1: bool = False


@dataclass(frozen=True, slots=True)
class Crawling:
    """What to crawl and where to keep it. At most one of `token_file` and `backend` is set; neither: an open server.

    `parameters` go with every search. `aliases` are other bases of the same server, which further pages may be on;
    `ranges` are those of private addresses to allow.
    """

    base: str
    out: Path
    cohort: Cohort
    site: Path | None = None
    profile: str | None = None
    zone: str | None = None
    token_file: Path | None = None
    backend: Backend | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    ca: Path | None = None
    ranges: tuple[str, ...] = ()
    manners: Manners = field(default_factory=Manners)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A crawl that came to its end: patients, and what is not whole, as rows of the ledger.

    `unknown` of the patients have no Patient on the server, or none that it shows.
    """

    patients: int
    unknown: int
    faults: tuple[str, ...]
    not_whole: tuple[Mapping[str, object], ...]


def crawl(asked: Crawling, tell: Told) -> Outcome:
    """Read a cohort from a server into `asked.out`; what is there already is not asked for again.

    Raises:
        ExtractionError: the server, the folder, the site file or the profile cannot be used, or the token is no longer
            good. What was read is kept.
    """
    site = load_site(asked.site, asked.profile, asked.zone)
    profile = load_profile(site.profile)
    check_given(profile, asked.parameters)
    header = _header(asked, profile)
    server = LiveServer(asked.base.rstrip("/"), _gateway(asked), _bearer(asked), asked.aliases)
    statement = _statement_of(server)
    journal = Journal.opened(asked.out, header)
    try:
        dialect = dialect_of(profile, asked.parameters, statement)
        asking = Asking(server, journal, asked.manners.bounds, dialect.listed or ())
        patients = patients_of(asked.cohort, asking, dialect, site.zone_info)
        plan = Plan(patients, kinds_of(profile), EVIDENCE in profile.asked, tell, asked.manners.lanes)
        Crawl(asking, dialect, plan).run()
    finally:
        journal.close()
    rows = Crawled(asked.out, profile).asked
    unknown = sum(int(row["searches"]) for row in rows if row["query"] == NO_PATIENT)
    return Outcome(len(patients), unknown, tuple(faults_of(rows)), tuple(not_whole_of(rows)))


def _statement_of(server: LiveServer) -> Json | None:
    """What the server says of itself; asked for, like one search, before anything is kept."""
    statement = server.capability()
    if statement is None and server.search("Patient", {"_id": "0"}).outcome in (Answered.ABSENT, Answered.FAILED):
        raise Unreachable(
            "nothing there answers like a FHIR R4 server: neither BASE/metadata nor BASE/Patient. Check BASE, for "
            "instance https://ehr.example.org/fhir; `pi180 preflight BASE` says what it shows. Nothing was kept"
        )
    return statement


def _header(asked: Crawling, profile: Profile) -> Json:
    """What makes it this crawl and no other; no credential is part of it."""
    if "://" not in asked.base:
        raise SourceError("BASE: expected an address such as https://ehr.example.org/fhir, got none with '://'.")
    place_of(asked.base)
    if {"?", "#"} & set(asked.base):
        raise SourceError("the server's base: expected an address without '?' and '#'. Leave out what follows.")
    return {
        "base": asked.base.rstrip("/"),
        "cohort": asked.cohort.as_document(),
        "parameters": dict(sorted(asked.parameters.items())),
        "profile": profile.name,
        "profile_digest": profile.digest,
        "types": types_of(profile),
    }


def _gateway(asked: Crawling) -> Gateway:
    manners = asked.manners
    try:
        network = Network.of(asked.ranges)
        limits = Limits(lanes=manners.lanes)
    except ValueError as problem:
        raise SourceError(str(problem)) from None
    return Gateway(limits, asked.ca, network, Pace(manners.rate, file=manners.pace_file), manners.patience)


def _bearer(asked: Crawling) -> Anonymous | TokenFile:
    return TokenFile(asked.token_file, asked.base.rstrip("/")) if asked.token_file else Anonymous()
