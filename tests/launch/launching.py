"""The whole launch in one process: the app, one or two demo EHRs behind `responses`, and browsers with cookie jars."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from werkzeug.test import TestResponse

from smartapp import paths
from smartapp.demo_ehr import AuthMethod, DemoClient, Faults, create_demo_ehr
from smartapp.settings import load_settings, new_key
from smartapp.signing_key import new_signing_key
from smartapp.smart.assertion import load_signing_key, public_jwks
from smartapp.smart.issuers import load_issuers
from smartapp.store import AuditEvent
from smartapp.web import create_app
from smartapp.web.service import Service, service_of
from tests.smartapp.ehr_bridge import approve, launch, serve

APP, EHR, OTHER = "https://pi180.example", "https://ehr.example", "https://other.example"
FRAME = "https://chart.example"
FHIR = EHR + "/fhir"
NPI, NPI_OF_SECOND = "1234567893", "1245319599"
PATIENTS = ("sample-001", "sample-002")
SECRET = "s:%+ €crét /&="
OWN_FORM = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
START = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


class Time:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def small_practice(folder: Path) -> Path:
    """Two patients of the synthetic practice, their clinician, and a second clinician who has one order."""
    solo = paths.fixture("solo-2026")
    folder.mkdir()
    for file in solo.glob("*.ndjson"):
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _is_kept(json.loads(line), line)]
        (folder / file.name).write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    with (folder / "Practitioner.ndjson").open("a", encoding="utf-8") as file:
        file.write(json.dumps(_SECOND) + "\n")
    (folder / "site.toml").write_text((solo / "site.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def _is_kept(resource: dict[str, Any], line: str) -> bool:
    shared = resource["resourceType"] in ("Organization", "Practitioner", "PractitionerRole")
    return shared or any(f"{patient}" in line for patient in PATIENTS)


_SECOND = {
    "resourceType": "Practitioner",
    "id": "second",
    "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": NPI_OF_SECOND}],
    "name": [{"family": "Synthetic", "given": ["Second"]}],
}


@dataclass(frozen=True)
class Registered:
    """How pi180 and one EHR know each other; `more` are further lines of the registration."""

    id: str = "demo"
    root: str = EHR
    auth: AuthMethod = AuthMethod.NONE
    algorithm: str = "RS384"
    client_id: str = "pi180"
    more: str = 'offline = true\nframe_ancestors = ["https://chart.example"]\n'
    token_life: int = 3600


@dataclass
class Site:
    """The app, its EHRs by registration id, and all that a test may look at."""

    app: Flask
    service: Service
    ehrs: dict[str, Flask]
    faults: Faults
    all_faults: dict[str, Faults]
    clock: Time
    wire: responses.RequestsMock
    data: Path
    registered: tuple[Registered, ...]
    address: str = APP
    rows_before: int = 0

    def begin(self, wire: responses.RequestsMock) -> None:
        """Be as new for a further test; only the audit trail, which cannot forget, is passed over instead."""
        self.wire, self.clock.at = wire, START
        with self.service.launches._engine.begin() as connection:
            for table in ("launch", "job", "draft", "document"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        self.rows_before = len(self.service.trail.rows())
        for name, ehr in self.ehrs.items():
            self.all_faults[name].clear()
            self.all_faults[name].seen.clear()
            discovery = self.service.launching.ehrs[name].discovery
            discovery._endpoints = discovery._keys = None
            serve(wire, ehr, next(one.root for one in self.registered if one.id == name))

    def browser(self) -> "Browser":
        return Browser(self)

    def audit(self) -> list[AuditEvent]:
        return self.service.trail.rows()[self.rows_before :]

    def deeds(self) -> list[str]:
        return [row.event.value for row in self.audit()]

    def launch_address(self, clinician: str = "internist", patient: str | None = "sample-001", at: str = "demo") -> str:
        """What the chart opens: our launch address with iss and launch."""
        client = next(one.client_id for one in self.registered if one.id == at)
        return launch(self.ehrs[at], clinician, patient, client)

    def rows(self) -> list[tuple[Any, ...]]:
        """The launch table as it is, but for when a launch was last seen."""
        with self.service.launches._engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT * FROM launch ORDER BY id")
            names = list(found.keys())
            return [tuple(v for n, v in zip(names, row, strict=True) if n != "seen") for row in found]

    def bearers(self) -> dict[str, str]:
        """Which patient or user each Authorization header was used for, as the EHR saw it."""
        return {one.headers.get("Authorization", ""): one.path for one in self.faults.saw("fhir")}


_ADDRESSES = IPv4Network("10.0.0.0/8").hosts()
"""Each browser has one of its own: forms are counted by address where nobody is signed in."""


@dataclass
class Browser:
    """One cookie jar."""

    site: Site
    address: str = field(init=False)
    client: Any = field(init=False)
    seen: list[TestResponse] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = str(next(_ADDRESSES))
        self.client = self.site.app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = self.address

    def get(self, address: str, **more: Any) -> TestResponse:
        return self._noted(self.client.get(_path(address, self.site), base_url=self.site.address, **more))

    def post(
        self, address: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        sent = OWN_FORM if headers is None else headers
        return self._noted(
            self.client.post(_path(address, self.site), base_url=self.site.address, data=form or {}, headers=sent)
        )

    def _noted(self, got: TestResponse) -> TestResponse:
        self.seen.append(got)
        return got

    def cookies(self) -> dict[str, str]:
        """The cookies of launches."""
        held = {cookie.key: cookie.value for cookie in self.client._cookies.values()}
        return {name: value for name, value in held.items() if "pi180-" in name}

    def forget_cookies(self) -> None:
        for cookie in list(self.client._cookies.values()):
            self.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)

    def go(self, address: str) -> str:
        """Open a launch address; the authorization address that the browser is sent to."""
        first = self.get(address)
        assert first.status_code == 303, first.text
        second = self.get(first.headers["Location"])
        assert second.status_code == 303, second.text
        return second.headers["Location"]

    def approved(self, authorize: str, at: str = "demo", **choices: Any) -> str:
        """Say yes at the EHR; the callback address that the browser is sent to."""
        parts = urlsplit(authorize)
        return approve(self.site.ehrs[at], f"{parts.path}?{parts.query}", **choices)

    def callback_address(
        self, clinician: str = "internist", patient: str | None = "sample-001", at: str = "demo", **choices: Any
    ) -> str:
        return self.approved(self.go(self.site.launch_address(clinician, patient, at)), at, **choices)

    def sign_in(
        self, clinician: str = "internist", patient: str | None = "sample-001", at: str = "demo", **choices: Any
    ) -> str:
        """The whole launch; the home of its pages, `/l/<id>/`."""
        got = self.get(self.callback_address(clinician, patient, at, **choices))
        assert got.status_code == 303, got.text
        return got.headers["Location"]


def _path(address: str, site: Site) -> str:
    return address.removeprefix(site.address)


def launch_id_of(home: str) -> str:
    """From `/l/<id>/` or `/launch/<id>/go`."""
    return home.strip("/").split("/")[1]


def asked(address: str) -> dict[str, str]:
    """The query of an address, every parameter once."""
    query = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def changed(address: str, **changes: str | None) -> str:
    """An address with query parameters changed, or left out where None."""
    parts = urlsplit(address)
    query = {**asked(address), **changes}
    return parts._replace(query=urlencode({n: v for n, v in query.items() if v is not None})).geturl()


def csrf_of(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]*)"', page)[0]


def words(page: str) -> str:
    """The text of a page as a person reads it."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def title(page: str) -> str:
    return words(re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)[0]).strip()


def is_plain_page(got: TestResponse) -> bool:
    """A page with a title and something to do, and nothing that only a programmer reads."""
    text = got.text
    telling = ("Traceback", "werkzeug", "File &#34;", "Internal Server Error", "Exception")
    whole = "<h1>" in text and "<p>" in text and got.headers["Content-Type"].startswith("text/html")
    return whole and not any(word in text for word in telling)


def site_of(
    folder: Path,
    practice: Path,
    wire: responses.RequestsMock,
    *registered: Registered,
    results: Path | None = None,
    address: str = APP,
    signing: bool = False,
) -> Site:
    """Set everything up from settings files, as a practice does."""
    registered = registered or (Registered(),)
    clock = Time()
    folder.chmod(0o700)
    _secret_file(folder / "pi180.key", new_key())
    _secret_file(folder / "secret", SECRET)
    entries = "".join(_entry(one, folder, practice, results or folder / "results") for one in registered)
    (folder / "issuers.toml").write_text(entries, encoding="utf-8")
    text = _SETTINGS.format(address=address)
    if signing:
        new_signing_key(folder / "practice.key")
        text = f'{text}signing_key = "practice.key"\n'
    (folder / "pi180.toml").write_text(text, encoding="utf-8")
    settings = load_settings(folder / "pi180.toml")
    registrations = load_issuers(settings.issuers)
    service = service_of(settings, registrations, clock)
    all_faults = {one.id: Faults() for one in registered}
    ehrs = {
        one.id: create_demo_ehr(
            practice,
            one.root,
            [_client(one, folder, address)],
            all_faults[one.id],
            now=lambda: clock().timestamp(),
            token_life=one.token_life,
        )
        for one in registered
    }
    app, faults = create_app(service), all_faults[registered[0].id]
    site = Site(app, service, ehrs, faults, all_faults, clock, wire, settings.data, registered, address)
    site.begin(wire)
    return site


_SETTINGS = """\
address = "{address}"
listen = "127.0.0.1:8180"
proxies = 1
data = "data"
key_file = "pi180.key"
issuers = "issuers.toml"
"""


def _secret_file(path: Path, text: str | bytes) -> None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)


def _entry(one: Registered, folder: Path, practice: Path, results: Path) -> str:
    lines = {
        "id": one.id,
        "name": f"EHR {one.id}",
        "iss": f"{one.root}/fhir",
        "issuer": one.root,
        "client_id": one.client_id,
        "auth": one.auth.value,
        "results": str(results),
        "site": str(practice / "site.toml"),
    }
    if one.auth in (AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST):
        lines["secret_file"] = "secret"
    if one.auth is AuthMethod.PRIVATE_KEY_JWT:
        _secret_file(folder / f"{one.id}.pem", _pem(one.algorithm))
        lines |= {"key_file": f"{one.id}.pem", "key_id": "key-1", "algorithm": one.algorithm}
    return "[[issuer]]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()) + one.more + "\n"


def _pem(algorithm: str) -> bytes:
    key = _KEYS[algorithm]()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


_KEYS: dict[str, Callable[[], Any]] = {
    "RS384": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


def _client(one: Registered, folder: Path, address: str) -> DemoClient:
    with_secret = one.auth in (AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST)
    jwks = None
    if one.auth is AuthMethod.PRIVATE_KEY_JWT:
        key = load_signing_key(folder / f"{one.id}.pem", alg=one.algorithm, kid="key-1", jku=None)
        jwks = public_jwks(key)
    return DemoClient(
        one.client_id,
        (f"{address}/cb/{one.id}",),
        f"{address}/launch",
        one.auth,
        SECRET if with_secret else None,
        jwks,
    )


def leads_to(page: TestResponse) -> str:
    """Where a page goes on to by itself."""
    seconds, _, address = page.headers["Refresh"].partition("; url=")
    assert (seconds, f'href="{address}"' in page.text) == ("0", True)
    return address
