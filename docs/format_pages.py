"""The pages about submission files: versions and programs of QRDA III, what is not known, a schema for each year."""

import json

from markup import cites, items, page, section, table

from scoring.rulebook import load, years
from smartapp.exports.qpp_schema import schema
from smartapp.exports.qrda3.versions import Version, versions

_UNKNOWN = (
    "Which CEHRT ids CMS takes for 2026: another prefix than those of the [rules](rules-2026.md) is a warning (F-301); "
    "length and alphabet are errors.",
    "Whether the QPP site takes QRDA III of 2026: the newest version of CMS's converter that was looked at (June 2026) "
    "takes document version 2024-12-01 alone. Each such file comes with a warning (F-506); QPP JSON has no version.",
    "How the Shared Savings Program is reported by file: CMS's list of 2026 names the program `ssp`, its API "
    "documentation does not, and its converter refuses the codes `SSP_PI_…`. Such a file is made only where the "
    "submission or `--program` says so.",
    "How a file of 2026 tells the two halves of PI_PPHI_1 apart: CMS's list has one yes or no, and so have our files.",
    "Whether a period of exactly 180 days counts: both ends counted it does, by CMS's own arithmetic it may not. "
    "A warning (F-302).",
    "Whether CMS refuses an answer of no beside its alternative: a warning (F-308).",
    "In which words CMS refuses a file: ours are our own, and no file was sent to CMS to find out.",
    "Who signs, and the name of the practice: a submission does not say them. QRDA III says for the name that none is "
    "known, and has no legalAuthenticator, which the guides recommend and do not require.",
    "What a MeasureReport is good for at CMS: nothing was found that takes one. It is for audit and integration.",
    "CMS publishes no schema of today's QPP JSON. Ours is made from its measure list; it is no word of CMS.",
)


def format_pages() -> dict[str, str]:
    """Every page about submission files by its path below `docs/reference/`."""
    schemas = {f"qpp-pi-{year}.schema.json": _schema(year) for year in years()}
    return {**schemas, "submission-formats.md": formats()}


def _schema(year: int) -> str:
    return json.dumps(schema(load(year)), indent=2) + "\n"


def formats() -> str:
    """What is written for which year, and what is not known."""
    known = versions().by_year.values()
    links = ", ".join(f"[{year}](qpp-pi-{year}.schema.json)" for year in years())
    about = (
        "How to make and check them: [make submission files](../how-to/make-submission-files.md). QPP JSON, "
        f"MeasureReport and worksheet are made for every year with rules; the JSON Schema by year: {links}. "
        "QRDA III is made for years whose document version is known; another year is refused (F-502)."
    )
    head = ("year", "guide", "version of the document", "of its HL7 base", "sources")
    rows = [(str(v.year), v.guide, f"`{v.document}`", f"`{v.base}`", cites(v.ruling.cites)) for v in known]
    return page(
        "Submission formats",
        about,
        section("QRDA III by year", table(head, rows), "The templates of the section did not change between them."),
        section("Program codes", table(("code", "entityType", "programName", "years"), _programs(list(known)))),
        section("What is not known", items(_UNKNOWN)),
    )


def _programs(known: list[Version]) -> list[tuple[str, ...]]:
    return [
        (f"`{one.code}`", one.entity, one.name, ", ".join(str(v.year) for v in known if one in v.programs))
        for one in versions().programs
    ]
