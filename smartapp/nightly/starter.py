"""A first set of settings for `pi180 run --config`, commented: to be filled in."""

from pathlib import Path

from extractors.gateway import LANES, USUAL_RATE
from scoring.rulebook import RuleBook
from smartapp.attesting.attestation_template import template
from smartapp.kept.runs import write_text
from smartapp.reading.fetch_terms import MANIFEST_MB
from smartapp.usecases import UsageError

CONFIG, ATTESTATIONS = "clinic.toml", "attestations.toml"
_TEXT = """\
# Settings of: pi180 run --config clinic.toml    Paths are relative to this file.
# Check them: pi180 config check clinic.toml     No secret stands here: keys and tokens are files of their own.
year = {year}
out = "results"  # reports, submissions, runs and status.json
# site = "site.toml"  # the practice's settings
# profile = "generic"  # evidence profile: a name or a TOML file; before that of the site file
# zone = "America/New_York"  # the practice's time zone; before that of the site file
# drugs = "drugs"  # folder of refreshed drug tables
# rules = "rules"  # folder of py<year>.toml rule files, instead of the product's own
# least_free_mb = 500  # a run waits rather than leave less free on the disk
# workers = 2          # processes that read; all cores if not said
# memory = "2GB"       # what the database may hold before it goes on on the disk
# reuse = "extracted"  # a folder beside the others: the next run extracts only what changed; it holds patient data

# What to read: a folder into which somebody exports FHIR, or a server; then remove this line and fill in [server].
from = "export"
# [server]
# base = "https://ehr.example.org/fhir"  # the FHIR base
# data = "records"  # where what was read is kept, beside the results
# client_id = "my-client"  # SMART Backend Services: the id that the server gave to pi180, and ...
# key_file = "keys"  # ... its key, or a folder of keys; make one: pi180 keys new
# token_url = "https://ehr.example.org/token"  # instead of that of the server's SMART configuration
# scope_version = "v2"  # or v1
# token_file = "token.txt"  # instead of client_id: a bearer token that another program renews
# group = "my-group"  # whose records: the members of a Group, or one of the next four
# patients = "patients.txt"  # ids of patients, one a line
# encounters = [{year}-01-01, {year}-12-31]  # who was seen within days
# all = true  # all patients, by an export alone
# appointments = [{year}-01-01, {year}-12-31]  # who has an appointment within days
# read = "best"  # in bulk where the server allows it, else patient by patient; or "bulk", or "crawl"
# level = "group"  # of an export: group, patient or system
# form = "get"  # how an export wants its list of types: get, get-repeated, post or post-repeated
# manifest_mb = {manifest_mb}  # megabytes that an export's list of files may have
# parameters = {{ "ah-practice" = "1" }}  # to send with every search
# aliases = []  # other bases of the same server
# lanes = {lanes}  # requests at a time
# rate = {rate}  # requests a minute; 0 for no limit
# ca = "ca.pem"  # certificate authorities to trust instead
# private_ranges = []  # ranges of private addresses to allow, such as "10.20.0.0/16"

# One for each reporter.
[[report]]
attestations = "attestations.toml"  # who reports, and what no server can say
# folder = "dr-adams"  # below the results; needed from the second report on
# period = "attested"  # the attestation file's, else the year so far; or "year to date", or "best", or days:
# period = {{ start = {year}-01-01, end = {year}-12-31 }}
"""


def write_config(folder: Path, rules: RuleBook) -> Path:
    """Write clinic.toml and attestations.toml into a folder.

    Returns:
        The settings file.

    Raises:
        UsageError: one of them is there already; nothing is overwritten.
    """
    texts = {
        CONFIG: _TEXT.format(year=rules.year, lanes=LANES, rate=USUAL_RATE, manifest_mb=MANIFEST_MB),
        ATTESTATIONS: template(rules),
    }
    for name in texts:
        if (folder / name).exists():
            raise UsageError(f"{folder / name}: exists already and is left as it is. Name another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in texts.items():
        write_text(folder / name, text)
    return folder / CONFIG
