"""The charts and tables of `docs/explanation/scale.md`, made from the measurements that are kept."""

from collections.abc import Iterable

from benchmarks import results
from benchmarks.candidates import WHOLE
from benchmarks.charts import Panel, Series, bars, panels
from benchmarks.made_up import Json

FUNCTIONS = {"own_percent": "% of all samples", "function": "function", "module": "module"}


def blocks() -> dict[str, str]:
    """The tables of the page, by name; only those of which something was measured."""
    compared, ratios, profile = results.kept("results"), results.kept("ratios"), results.kept("profile")
    made = dict[str, str]()
    if programs := compared.get("programs"):
        made["programs"] = results.table(results.PROGRAMS, results.with_ratio(programs, WHOLE))
        made["damaged"] = _damaged(compared["damaged"])
    if peers := compared.get("peers"):
        made["peers"] = results.table(results.PROGRAMS, results.with_ratio(peers, WHOLE))
    targets = [*compared.get("targets", ()), *compared.get("peer_targets", ())]
    targets += [row for name, row in ratios.items() if name != "about"]
    if targets:
        made["targets"] = results.table(results.TARGETS, targets)
    if profile:
        made["profile"] = results.table(FUNCTIONS, profile["functions"])
    if search := results.kept("growth").get("search"):
        made["search"] = (
            f"All {search['periods']:,} periods of a year at once, counted and scored for one clinician, took"
            f" {search['cpu_s']} CPU seconds after {search['read_cpu_s']} of reading."
        )
    return made


def _damaged(found: Json) -> str:
    size, listed, counted = found["megabytes"], found["listed"], found["counted"]
    return (
        f"Of {size:,} MB with one line in 10,000 damaged, {listed:,} damaged lines were listed, all of them,"
        f" and {counted:,} others counted."
    )


def charts() -> dict[str, str]:
    """The charts by file name; only those of which something was measured."""
    compared, growth = results.kept("results"), results.kept("growth")
    made = dict[str, str]()
    if programs := compared.get("programs"):
        rows = sorted([*programs, *_others(compared)], key=lambda row: row["cpu_s_per_gb"])
        values = [(row["program"], row["cpu_s_per_gb"]) for row in rows]
        made["programs.svg"] = bars("CPU seconds for a GB of NDJSON", values, WHOLE)
    for name, (title, across, tenfold) in _GROWS.items():
        if points := growth.get(name):
            made[f"growth-{name}.svg"] = panels(title, _panels(points, across, tenfold))
    if points := growth.get("periods"):
        shown = (Panel("CPU seconds after reading", "periods", (_line("CPU", points, "then_cpu_s"),)),)
        made["growth-periods.svg"] = panels("Counting period after period", shown)
    return made


def _others(compared: Json) -> list[Json]:
    return [row for row in compared.get("peers", ()) if row["program"] != WHOLE]


_GROWS = {
    "sizes": ("Time and memory by the size of the export", "MB", False),
    "clinicians": ("Time and memory by clinicians, as much data each time", "clinicians", True),
    "events": ("Time and memory by events, as many bytes each time", "events", False),
}


def _panels(points: list[Json], across: str, tenfold: bool) -> tuple[Panel, ...]:
    second = _line("extraction", points, "extract_cpu_s") if "extract_cpu_s" in points[0] else None
    seconds = (_line("CPU", points, "cpu_s"), second or _line("wall", points, "wall_s"))
    memory = (_line("all processes", points, "peak_mb"),)
    return Panel("seconds", across, seconds, tenfold), Panel("peak memory, MB", across, memory, tenfold)


def _line(name: str, points: Iterable[Json], key: str) -> Series:
    return Series(name, [(point["x"], point[key]) for point in points])


def write() -> None:
    """Draw every chart anew, and fill the page."""
    results.CHARTS.mkdir(exist_ok=True)
    for name, text in charts().items():
        (results.CHARTS / name).write_text(text)
    results.PAGE.write_text(results.filled(results.PAGE.read_text(), blocks()))


if __name__ == "__main__":
    write()
