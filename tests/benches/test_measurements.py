"""Measurements: the whole tree of processes is seen, arithmetic and charts are right, and the page shows the newest."""

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import pages, results
from benchmarks.charts import Panel, Series, bars, ceiling, number, panels
from benchmarks.extract import check
from benchmarks.measuring import Failed, cost_of
from benchmarks.profiling import shares

ROOT = Path(__file__).parents[2]
_BUSY = "import time; held = bytearray(90_000_000)\nwhile time.process_time() < 0.4: held[::4096] = held[::4096]"
_PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True); print('said')"


def test_what_a_process_starts_is_part_of_its_cost() -> None:
    cost = cost_of([sys.executable, "-c", _PARENT, _BUSY])

    assert cost.cpu >= 0.4
    assert cost.wall >= 0.3
    assert 90_000_000 < cost.peak < 400_000_000
    assert cost.said == "said\n"


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(Failed, match="could not go on"):
        cost_of([sys.executable, "-c", "raise SystemExit('could not go on')"])


@pytest.mark.parametrize(
    ("limit", "got", "shown", "met"),
    [
        (6, 6.0, "6.00", "yes"),
        (6, 6.01, "6.01", "no"),
        (1 / 25, 1 / 25, "1/25.0", "yes"),
        (1 / 25, 1 / 24.9, "1/24.9", "no"),
        (1 / 15, 1.5, "1.50", "no"),
    ],
)
def test_a_target_is_met_up_to_its_limit(limit: float, got: float, shown: str, met: str) -> None:
    row = results.target("what", "words", limit, got)
    assert (row["got"], row["met"]) == (shown, met)


@pytest.mark.parametrize(
    ("ratio", "words"), [(1.0, "1"), (2.04, "2.0 times as much"), (0.5, "2.0 times less"), (1.004, "1")]
)
def test_a_ratio_is_told_from_the_side_of_pi180(ratio: float, words: str) -> None:
    assert results.times(ratio) == words


def test_only_the_named_block_of_a_page_is_filled_and_filling_twice_changes_nothing() -> None:
    page = "a\n<!-- measured: one -->\nold\n<!-- end -->\nb\n<!-- measured: two -->\nstays\n<!-- end -->\n"
    once = results.filled(page, {"one": r"| \1 |"})

    assert once == page.replace("\nold\n", "\n\n| \\1 |\n\n")
    assert results.filled(once, {"one": r"| \1 |"}) == once


def test_a_count_that_is_not_what_was_written_stops_the_benchmark() -> None:
    check("right", {"counts": {"99": [1, 2]}}, {"counts": {"99": [1, 2]}})
    check("counts nothing", {}, {"counts": {"99": [1, 2]}})
    with pytest.raises(SystemExit, match="counts of 1 of 2 clinicians"):
        check("wrong", {"counts": {"98": [1], "99": [1]}}, {"counts": {"98": [1], "99": [2]}})


@given(st.floats(1e-6, 1e12))
def test_an_axis_ends_at_a_round_number_that_is_not_below_what_it_shows(value: float) -> None:
    end = ceiling(value)

    assert end >= value * (1 - 1e-9)
    assert end <= value * 2.5 * (1 + 1e-9)
    assert f"{end:e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.6, "1,235"), (12.34, "12.3"), (0.1234, "0.123"), (10, "10"), (100000, "100,000")],
)
def test_a_chart_shows_three_digits(value: float, text: str) -> None:
    assert number(value) == text


CHARTS = {
    "bars": bars("Bars & more", [("own <one>", 12.5), ("other", 130.0)], "own <one>"),
    "panels": panels(
        "Panels", [Panel("s", "MB", (Series("CPU", [(100, 1.5), (1000, 15)]), Series("wall", [(100, 1), (1000, 9)])))]
    ),
    "tenfold": panels("Tenfold", [Panel("s", "clinicians", (Series("CPU", [(1, 2), (10_000, 2.5)]),), tenfold=True)]),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_image_with_a_title_and_a_description_for_light_and_dark(name: str) -> None:
    root = ElementTree.fromstring(CHARTS[name])

    assert root.get("role") == "img"
    assert root.findtext("{*}title")
    assert "prefers-color-scheme: dark" in (root.findtext("{*}style") or "")


def test_the_description_of_a_chart_names_its_numbers() -> None:
    said = {name: ElementTree.fromstring(text).findtext("{*}desc") or "" for name, text in CHARTS.items()}

    assert "own <one> 12.5; other 130" in said["bars"]
    assert "s, wall, by MB: 1 at 100, 9 at 1,000." in said["panels"]


def test_nothing_of_a_chart_lies_outside_of_it() -> None:
    for text in CHARTS.values():
        root = ElementTree.fromstring(text)
        _, _, width, height = map(float, root.get("viewBox", "").split())
        for group in [root, *root.findall("{*}g")]:
            left, top = map(float, re.findall(r"[\d.]+", group.get("transform", "0 0")))
            for one in group:
                x, y = (float(one.get(name) or one.get(f"c{name}") or 0) for name in "xy")
                assert 0 <= left + x <= width
                assert 0 <= top + y <= height


def test_words_below_an_axis_do_not_touch() -> None:
    points = [(x, 1) for x in (1_000, 1_050, 8_000, 9_500, 10_000)]
    root = ElementTree.fromstring(panels("Near", [Panel("s", "events", (Series("CPU", points),))]))
    shown = {one.text for one in root.findall("{*}g/{*}text")}

    assert {"1,050", "10,000"} <= shown
    assert shown & {"1,000", "9,500", "8,000"} == {"8,000"}


def test_a_sample_belongs_to_the_innermost_call() -> None:
    top, work = "<module> (a.py:1)", "work (extractors/b.py:7)"
    found = shares(f"{top};{work} 3\n{top};{work};{work};native 1\n{top} 6\n")

    assert found["samples"] == 10
    assert [(row["function"], row["percent"]) for row in found["functions"]] == [
        ("<module>", 60.0),
        ("work", 30.0),
        ("native", 10.0),
    ]
    assert found["parts"] == [{"percent": 40.0, "function": "work", "module": "extractors/b.py"}]


def test_the_page_on_scale_and_its_charts_show_what_was_measured_last() -> None:
    page = results.PAGE.read_text()

    assert results.filled(page, pages.blocks()) == page, "run: python -m benchmarks.pages"
    made = pages.charts()
    assert {path.name: path.read_text() for path in results.CHARTS.glob("*.svg")} == made


def test_every_block_that_is_filled_stands_on_the_page() -> None:
    named = set(re.findall(r"<!-- measured: (\w+) -->", results.PAGE.read_text()))
    assert set(pages.blocks()) <= named


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ \\;\n]+)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_programs_of_the_benchmark_are_hashed_and_pi180_runs_with_what_it_is_tested_with() -> None:
    bench, usual = locked("requirements-bench.lock"), locked("requirements.lock")

    assert set(bench) - set(usual) == {"orjson", "py-spy", "pysimdjson"}
    assert [name for name in bench if usual.get(name, bench[name]) != bench[name]] == []
    for text in ((ROOT / f"requirements-{lock}.lock").read_text() for lock in ("bench", "peers")):
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_every_peer_is_pinned_by_its_content_and_no_place_is_named() -> None:
    peers = json.loads((ROOT / "benchmarks" / "peers" / "package-lock.json").read_text())
    packages = {name: found for name, found in peers["packages"].items() if name}

    assert [name for name, found in packages.items() if not found.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, found in packages.items() if "resolved" in found] == []
