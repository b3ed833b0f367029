"""A first set of settings for `pi180 serve`, commented, with a fresh key: to be filled in, or for the demo, ready."""

from dataclasses import dataclass
from pathlib import Path

from smartapp.errors import UsageError
from smartapp.settings import new_key
from smartapp.signing_key import new_signing_key
from smartapp.smart.issuers import UNFILLED
from smartapp.written import write_text

_SETTINGS = """\
# Settings of: pi180 serve --settings {name}    Paths are relative to this file.
address = "{address}"  # what browsers see: scheme and host, no path
listen = "{listen}"
proxies = {proxies}  # reverse proxies in front; they end TLS, and an https address needs at least 1
data = "data"  # the store: launches, tokens (encrypted) and the audit trail; for its owner alone (chmod 700)
key_file = "pi180.key"  # 32 random bytes that encrypt what is secret in the store; back it up apart from the store
# key_env = "PI180_KEY"  # instead of key_file: the environment variable that holds the key
# scan = ["clamdscan", "--no-summary", "-"]  # gets each attached file on its standard input; 0 keeps it
{unsigned}signing_key = "practice.key"  # of pi180 signing-key new: people may then sign numbers and answers in the app
issuers = "issuers.toml"
workers = 1  # runs are made beside the server, in its process; 0 where `pi180 worker` makes them in its own
"""

_ISSUERS = """\
# The EHRs that may launch pi180. Give each EHR these two addresses when you register pi180 there:
#   launch address    {address}/launch
#   redirect address  {address}/cb/<id>
[[issuer]]
id = "{id}"  # small letters, digits, dashes; part of the redirect address
name = "{ehr}"
iss = "{iss}"  # the FHIR base, as the EHR sends it in a launch
issuer = "{issuer}"  # the authorization server, exactly as its smart-configuration says
client_id = "{client_id}"
auth = "none"  # or client_secret_basic, client_secret_post (with secret_file),
#               or private_key_jwt (with key_file, key_id, algorithm = "RS384" or "ES384", perhaps jwks_url)
results = "{results}"  # the folder that was given to: pi180 run --out
frame_ancestors = {frames}  # origins that may show pi180 in a frame; [] for none
{more}"""

_OPTIONAL = """\
# site = "site.toml"  # the practice's settings, as for pi180 run
# profile = "generic"  # evidence profile, before the one of the site file
# scopes = ["openid", "fhirUser", "launch"]  # instead of the least that the profile needs
# scope_version = "v2"  # or v1
# offline = false  # ask for offline_access: clinicians may then read their own patients
# source = "export"  # folder with the practice's export of FHIR, kept up by your IT: the app can then make runs of it
# hosts = ["auth.example.org"]  # hosts of its endpoints, besides those of iss and issuer
# aliases = []  # further bases that its next links may lead to
# networks = []  # address ranges within the practice where the EHR lies, such as "10.20.0.0/16"; public ones need none
# ca = "ca.pem"  # certificate authorities to trust instead of the usual ones
# nonce = "required"  # or "omitted", where the EHR is known to leave it out of its id_token
# id_token_algorithms = ["RS256"]
# admins = ["Practitioner/abc"]  # who may give others a role in pi180: as the EHR calls the user, or "issuer subject"
"""


@dataclass(frozen=True, slots=True)
class Starter:
    """What the files start with; the defaults are places to fill in. `signing`: whether there is a key to sign with."""

    address: str = "https://pi180.example.org"
    listen: str = "127.0.0.1:8180"
    proxies: int = 1
    id: str = "my-ehr"
    ehr: str = "My EHR"
    iss: str = "https://ehr.example.org/fhir"
    issuer: str = "https://ehr.example.org"
    client_id: str = UNFILLED
    results: str = "results"
    frames: tuple[str, ...] = ()
    more: str = _OPTIONAL
    signing: bool = False


def write_starter(folder: Path, starter: Starter = Starter()) -> Path:
    """Write pi180.toml, issuers.toml and pi180.key into a folder.

    Returns:
        The settings file.

    Raises:
        UsageError: one of them is there already; nothing is overwritten.
    """
    texts = {
        "pi180.toml": _SETTINGS.format(name="pi180.toml", **_values(starter)),
        "issuers.toml": _ISSUERS.format(**_values(starter)),
        "pi180.key": new_key() + "\n",
    }
    for name in texts:
        if (folder / name).exists():
            raise UsageError(f"{folder / name}: exists already and is left as it is. Name another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in texts.items():
        write_text(folder / name, text)
    if starter.signing:
        new_signing_key(folder / "practice.key")
    return folder / "pi180.toml"


def _values(starter: Starter) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(starter, name) for name in Starter.__dataclass_fields__}
    return {
        **values,
        "unsigned": "" if starter.signing else "# ",
        "frames": list(starter.frames) if not starter.frames else str(list(starter.frames)).replace("'", '"'),
    }
