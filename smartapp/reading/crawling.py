"""Reading a FHIR server into a folder as a use case: patient by patient, and on from where an earlier time stopped."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from extractors.decode import Json
from extractors.errors import SourceError, Unreachable
from extractors.gateway import LANES, Gateway, Limits, Network, Pace, Patience
from extractors.places import place_of
from extractors.profile import Profile, load_profile
from extractors.site import Site, load_site
from extractors.sources.bearers import Anonymous, TokenFile
from extractors.sources.cohort import Cohort, Rule, patients_of
from extractors.sources.crawl import Crawl, Plan, Told
from extractors.sources.crawled import NO_PATIENT, Crawled, faults_of, not_whole_of
from extractors.sources.dialect import EVIDENCE, RELATED, check_given, dialect_of, kinds_of, types_of
from extractors.sources.journal import Journal
from extractors.sources.queries import BOUNDS, Asking
from extractors.sources.search import Bearer, LiveServer
from extractors.sources.search import Outcome as Answered
from extractors.sources.walk import Bounds
from smartapp.smart.assertion import SigningKeyError
from smartapp.smart.backend import BackendToken, Identity, TokenUnanswered, token_url_of
from smartapp.smart.keys import signing_key


def _now() -> datetime:
    return datetime.now(UTC)


PACE_FILE = Path(".cache") / "pi180" / "pace.sqlite"
"""Below a user's home: where every process of theirs counts its requests."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is treated: requests at a time and a minute (None: as many as it bears), and after failures.

    `now` is the clock by which tokens live, aware.

    `pace_file` is shared by every process that reads the same hosts; None counts this process alone.
    """

    lanes: int = LANES
    rate: float | None = None
    pace_file: Path | None = None
    patience: Patience = field(default_factory=Patience)
    bounds: Bounds = BOUNDS
    now: Callable[[], datetime] = _now


@dataclass(frozen=True, slots=True)
class Backend:
    """How this program signs in by itself (SMART Backend Services).

    `key_file` is a private key, PEM or JWK, or a folder of `pi180 keys`; `alg` and `kid` are needed for a PEM alone.
    `token_url` None: the server's SMART configuration says it. `scopes`: v2 writes `system/Type.rs`, v1
    `system/Type.read`.
    """

    client_id: str
    key_file: Path
    token_url: str | None = None
    alg: str | None = None
    kid: str | None = None
    scopes: Literal["v1", "v2"] = "v2"


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


_NAMED_BY = {Rule.GROUP: ("Group",), Rule.APPOINTMENTS: ("Appointment",), Rule.ENCOUNTERS: ("Encounter",)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A crawl that came to its end: patients, and what is not whole, as rows of the ledger.

    `unknown` of the patients have no Patient on the server, or none that it shows. `cautions` are about the sign-in.
    """

    patients: int
    unknown: int
    faults: tuple[str, ...]
    not_whole: tuple[Mapping[str, object], ...]
    cautions: tuple[str, ...] = ()


def crawl(asked: Crawling, tell: Told) -> Outcome:
    """Read a cohort from a server into `asked.out`; what is there already is not asked for again.

    Raises:
        ExtractionError: the server, the folder, the site file or the profile cannot be used, or the token is no longer
            good. What was read is kept.
    """
    with token_may_fail():
        return crawl_on(connection_of(asked), asked, tell)


@dataclass(frozen=True, slots=True)
class Connection:
    """A server that can be asked, by the settings of a practice and with its credential."""

    server: LiveServer
    gateway: Gateway
    bearer: Bearer
    site: Site
    profile: Profile

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a person should know of the sign-in."""
        return self.bearer.cautions if isinstance(self.bearer, BackendToken) else ()


def connection_of(asked: Crawling) -> Connection:
    """The server of a reading, asked nothing yet, unless where its token endpoint is.

    Raises:
        ExtractionError: a setting or the key is not usable, or the server does not say where tokens are to be had.
    """
    site = load_site(asked.site, asked.profile, asked.zone)
    profile = load_profile(site.profile)
    check_given(profile, asked.parameters)
    check_base(asked.base)
    gateway = gateway_of(asked)
    bearer = _bearer(asked, profile, gateway)
    return Connection(
        LiveServer(asked.base.rstrip("/"), gateway, bearer, asked.aliases), gateway, bearer, site, profile
    )


@contextmanager
def token_may_fail() -> Iterator[None]:
    """Tell a token endpoint that does not answer as any server that does not."""
    try:
        yield
    except TokenUnanswered as problem:
        raise Unreachable(str(problem)) from None


def crawl_on(connection: Connection, asked: Crawling, tell: Told) -> Outcome:
    """The crawl itself, see `crawl`."""
    server, profile = connection.server, connection.profile
    statement = statement_of(server)
    journal = Journal.opened(asked.out, _header(asked, profile))
    try:
        dialect = dialect_of(profile, asked.parameters, statement)
        asking = Asking(server, journal, asked.manners.bounds, dialect.listed or ())
        patients = patients_of(asked.cohort, asking, dialect, connection.site.zone_info)
        plan = Plan(patients, kinds_of(profile), EVIDENCE in profile.asked, tell, asked.manners.lanes)
        Crawl(asking, dialect, plan).run()
    finally:
        journal.close()
    rows = Crawled(asked.out, profile).asked
    unknown = sum(int(row["searches"]) for row in rows if row["query"] == NO_PATIENT)
    return Outcome(len(patients), unknown, tuple(faults_of(rows)), tuple(not_whole_of(rows)), connection.cautions)


def statement_of(server: LiveServer) -> Json | None:
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
    return {
        "base": asked.base.rstrip("/"),
        "cohort": asked.cohort.as_document(),
        "parameters": dict(sorted(asked.parameters.items())),
        "profile": profile.name,
        "profile_digest": profile.digest,
        "types": types_of(profile),
    }


def check_base(base: str) -> None:
    """Refuse what is no base of a server.

    Raises:
        SourceError, LinkRefused: see `extractors.places`.
    """
    if "://" not in base:
        raise SourceError("BASE: expected an address such as https://ehr.example.org/fhir, got none with '://'.")
    place_of(base)
    if {"?", "#"} & set(base):
        raise SourceError("the server's base: expected an address without '?' and '#'. Leave out what follows.")


def gateway_of(asked: Crawling, limits: Limits | None = None) -> Gateway:
    """The gateway to a server, by its settings; `limits` of an answer other than the usual ones.

    Raises:
        SourceError: a setting is not usable.
    """
    manners = asked.manners
    try:
        network = Network.of(asked.ranges)
        limits = limits or Limits(lanes=manners.lanes)
    except ValueError as problem:
        raise SourceError(str(problem)) from None
    return Gateway(limits, asked.ca, network, Pace(manners.rate, file=manners.pace_file), manners.patience)


def _bearer(asked: Crawling, profile: Profile, gateway: Gateway) -> Bearer:
    base = asked.base.rstrip("/")
    if asked.backend is None:
        return TokenFile(asked.token_file, base) if asked.token_file else Anonymous()
    who = asked.backend
    try:
        key = signing_key(who.key_file, who.alg, who.kid)
    except SigningKeyError as problem:
        raise SourceError(str(problem)) from None
    identity = Identity(who.client_id, key, who.token_url or token_url_of(base, gateway), base)
    return BackendToken(identity, types_asked(asked.cohort, profile), gateway, asked.manners.now, who.scopes)


def types_asked(cohort: Cohort, profile: Profile) -> list[str]:
    """All types that a reading may ask for: the profile's, what belongs to no patient, and what names the cohort."""
    return sorted({*types_of(profile), *RELATED, *_NAMED_BY.get(cohort.rule, ())})
