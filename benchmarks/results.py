"""Where measurements are kept, and how they are shown: JSON beside this file, tables and charts in the docs."""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.made_up import Json
from benchmarks.measuring import ROOT

HERE = Path(__file__).parent
PAGE = ROOT / "docs" / "explanation" / "scale.md"
CHARTS = PAGE.parent / "charts"
_VERSIONS = ("duckdb", "fhir.resources", "fhirpathpy", "msgspec", "orjson", "pysimdjson", "pysof")

PROGRAMS = {
    "program": "program",
    "megabytes": "MB read",
    "cpu_s_per_gb": "CPU s per GB",
    "spread": "least to most",
    "resources_per_cpu_s": "resources per CPU s",
    "peak_mb": "peak MB",
    "takes": "pi180 takes",
}
TARGETS = {"what": "what", "target": "target", "got": "got", "met": "met"}


def about(note: str, **more: object) -> Json:
    """On what was measured: cores, versions, and what else the machine did."""
    versions = {"python": platform.python_version()} | {name: found for name in _VERSIONS if (found := _version(name))}
    return {"cores": os.cpu_count(), **more, "note": note, "versions": versions}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def target(what: str, words: str, limit: float, got: float) -> Json:
    """A target beside what was got; what is to be a small part is shown as one."""
    shown = f"1/{1 / got:.1f}" if limit < 0.1 and got < 1 else f"{got:.2f}"
    return {"what": what, "target": words, "got": shown, "met": "yes" if got <= limit else "no"}


def with_ratio(rows: Sequence[Json], own: str) -> list[Json]:
    """Rows with their spread, and with how much more or less than each the program `own` takes for a GB."""
    cost = next(row["cpu_s_per_gb"] for row in rows if row["program"] == own)
    return [
        row | {"spread": f"{row['least_per_gb']} to {row['most_per_gb']}", "takes": times(cost / row["cpu_s_per_gb"])}
        for row in rows
    ]


def times(ratio: float) -> str:
    """A ratio of costs in words."""
    if round(ratio, 2) == 1:
        return "1"
    return f"{ratio:.1f} times as much" if ratio > 1 else f"{1 / ratio:.1f} times less"


def keep(name: str, found: Json) -> None:
    """Write measurements; the keys that are not among them stay as they were."""
    path = HERE / f"{name}.json"
    path.write_text(json.dumps(kept(name) | found, indent=1) + "\n")


def kept(name: str) -> Json:
    """Measurements that were written; none where nothing was measured yet."""
    path = HERE / f"{name}.json"
    found: Json = json.loads(path.read_text()) if path.exists() else {}
    return found


def table(columns: Mapping[str, str], rows: Sequence[Json]) -> str:
    """A Markdown table, wide enough to be read as it stands."""
    cells = [[*columns.values()], *([_cell(row.get(key, "")) for key in columns] for row in rows)]
    wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, wide, strict=True)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in wide) + "|", *lines[1:]])


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """A page with the blocks that measurements fill: `<!-- measured: NAME -->` up to `<!-- end -->`."""
    for name, text in blocks.items():
        block = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = block.sub(rf"\g<1>\n{_literal(text)}\n\n\g<2>", page)
    return page


def _literal(text: str) -> str:
    return text.replace("\\", r"\\")
