"""The charts and tables of `docs/explanation/scale.md`, made from the measurements that are kept."""

from collections.abc import Iterable

from benchmarks import results
from benchmarks.candidates import WHOLE
from benchmarks.charts import Panel, Series, bars, number, panels
from benchmarks.made_up import Json

FUNCTIONS = {"percent": "% of all samples", "function": "function", "module": "module"}


def blocks() -> dict[str, str]:
    """The tables of the page, by name; only those of which something was measured."""
    compared, ratios, profile = results.kept("results"), results.kept("ratios"), results.kept("profile")
    made = dict[str, str]()
    if programs := compared.get("programs"):
        made["about"] = _about(compared["about"])
        made["programs"] = results.table(results.PROGRAMS, results.with_ratio(programs, WHOLE))
        made["damaged"] = _damaged(compared["damaged"])
    if peers := compared.get("peers"):
        made["peers_about"] = _about(compared["peers_about"])
        made["peers"] = results.table(results.PROGRAMS, results.with_ratio(peers, WHOLE))
    targets = [*compared.get("targets", ()), *compared.get("peer_targets", ())]
    targets += [row for name, row in ratios.items() if name != "about"]
    if targets:
        made["targets"] = results.table(results.TARGETS, targets)
    for name in ("functions", "parts"):
        if rows := profile.get(name):
            quoted = [row | {key: f"`{row[key]}`" for key in ("function", "module")} for row in rows]
            made[f"profile_{name}"] = results.table(FUNCTIONS, quoted)
    return made | _growth(results.kept("growth"))


def _growth(found: Json) -> dict[str, str]:
    """What one sees in each chart of growth, in a sentence."""
    made = {f"growth_{name}": _seen(found[name], name) for name in _GROWS if name in found}
    if points := found.get("periods"):
        last = points[-1]
        made["growth_periods"] = (
            f"After reading ({last['read_cpu_s']} CPU seconds), {last['x']:,} periods counted one by one for everybody"
            f" took {last['then_cpu_s']} CPU seconds, a period {last['then_cpu_s'] / last['x'] * 1000:.0f} ms."
        )
    if search := found.get("search"):
        made["growth_periods"] += (
            f" All {search['periods']:,} periods that a year allows, searched at once for one clinician, took"
            f" {search['cpu_s']}."
        )
    return made


def _seen(points: list[Json], what: str) -> str:
    """First and last point of a chart, and how much more the last takes."""
    first, last = points[0], points[-1]
    return (
        f"From {first['x']:,} to {last['x']:,} {_GROWS[what][1]}, {number(last['x'] / first['x'])} times as many, CPU"
        f" went from {first['cpu_s']} to {last['cpu_s']} seconds, {number(last['cpu_s'] / first['cpu_s'])} times as"
        f" much, and peak memory from {first['peak_mb']:,} to {last['peak_mb']:,} MB."
    )


def _about(found: Json) -> str:
    """On what was measured, in a sentence or two."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    note = f" {found['note'].rstrip('.')}." if found["note"] else ""
    read = f"An export of {found['size_mb']:,} MB, rounds: {found['rounds']}, cores: {found['cores']}."
    return f"{read}{note} {versions}."


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
