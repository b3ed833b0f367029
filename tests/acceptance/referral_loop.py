"""Profiles that read the eCQM's referrals and reports, and what the eCQM itself expects of its cases."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from extractors import profile
from scoring.model import Period

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
"""The eCQM's measurement period in these cases."""

_CATEGORY = "category.coding.where(system = 'http://snomed.info/sct' and code = '3457005').exists()"
_CODE = "code.coding.where(system = 'http://snomed.info/sct' and code = '103696004').exists()"
_REPORT = """
[[select]]
kind = "receipt-confirmed"
resource = "Task"
where = "basedOn.exists() and code.coding.where(system = 'http://loinc.org' and code = '11488-4').exists()"
focus = "basedOn"
focus_type = "ServiceRequest"
patient = "for"
occurred = "executionPeriod.end"
answer = "status"
map = { completed = "met" }
rank = 3
grade = "proxy"
why = "The specialist's report came back, so the referral arrived; whether its summary did is not said."
"""


def by_code(folder: Path) -> str:
    """A profile like `generic` that knows a referral by its code instead of its category; the file's path."""
    generic = (Path(profile.__file__).parent / "profiles" / "generic.toml").read_text(encoding="utf-8")
    assert _CATEGORY in generic
    return _written(folder / "by-code.toml", generic.replace(_CATEGORY, _CODE))


def with_reports(folder: Path) -> str:
    """The same, and the report of the specialist taken for a receipt of the referral; the file's path."""
    return _written(folder / "with-reports.toml", Path(by_code(folder)).read_text(encoding="utf-8") + _REPORT)


def _written(path: Path, text: str) -> str:
    path.write_text(text.replace('name = "generic"', f'name = "{path.stem}"'), encoding="utf-8")
    return str(path)


def populations(bundles: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """What the eCQM expects, summed over the MeasureReports that come with its cases."""
    found: Counter[str] = Counter()
    for bundle in bundles:
        reports = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "MeasureReport"]
        for population in (p for report in reports for group in report["group"] for p in group["population"]):
            found[population["code"]["coding"][0]["code"]] += population["count"]
    return found
