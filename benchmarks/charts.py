"""Charts of measurements as SVG files, drawn from plain numbers; readable in light and in dark, and without colours.

Every chart says in words what it shows: a title, and a description that names its numbers.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
_BAR, _LEFT, _RIGHT = 30, 240, 90
_PANEL, _TOP, _DEPTH, _LEGEND = WIDTH // 2, 64, 200, 84
_KINDS = ("own", "other")
_STYLE = """<style>
svg { font: 14px system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
.paper { fill: #fff; } text { fill: #1b1b1b; } .quiet { fill: #565c65; }
.line { stroke: #dfe1e2; } .axis { stroke: #565c65; }
.own { fill: #005ea2; stroke: #005ea2; } .other { fill: #936f38; stroke: #936f38; } path { stroke-width: 2; }
path.own, path.other { fill: none; } path.other { stroke-dasharray: 6 4; }
.heading { font-weight: 700; }
@media (prefers-color-scheme: dark) {
.paper { fill: #1b1f24; } text { fill: #f0f0f0; } .quiet { fill: #c6cace; }
.line { stroke: #3d4551; } .axis { stroke: #c6cace; }
.own { fill: #73b3e7; stroke: #73b3e7; } .other { fill: #e6c74c; stroke: #e6c74c; } path.own, path.other { fill: none; }
}
</style>"""


@dataclass(frozen=True, slots=True)
class Series:
    """What one line shows: a name, and points with `x` rising."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One or two lines over one axis; `tenfold` gives every power of ten of `x` the same room."""

    heading: str
    across: str
    lines: tuple[Series, ...]
    tenfold: bool = False


def number(value: float) -> str:
    """A number as a chart shows it: three digits, thousands apart."""
    if not value:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, digits):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 … that is not below a value above 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def bars(title: str, values: Sequence[tuple[str, float]], own: str) -> str:
    """Bars of values above 0, each as long as its power of ten; `own` is the one that stands out."""
    least = math.floor(math.log10(min(value for _, value in values)))
    most = max(math.ceil(math.log10(max(value for _, value in values))), least + 1)
    room = WIDTH - _LEFT - _RIGHT
    bottom = 48 + _BAR * len(values)
    parts = [_text(16, 28, title, "heading")]
    for power in range(least, most + 1):
        x = _LEFT + room * (power - least) / (most - least)
        parts += [_rule(x, 44, x, bottom), _text(x, bottom + 20, number(10.0**power), "quiet", "middle")]
    for place, (name, value) in enumerate(values):
        y, long = 48 + _BAR * place, room * (math.log10(value) - least) / (most - least)
        kind = "own" if name == own else "other"
        parts.append(f'<rect class="{kind}" x="{_LEFT}" y="{y + 4}" width="{max(long, 1):.1f}" height="{_BAR - 10}"/>')
        parts += [_text(_LEFT - 8, y + 19, name, anchor="end"), _text(_LEFT + long + 6, y + 19, number(value))]
    said = "; ".join(f"{name} {number(value)}" for name, value in values)
    return _drawn(title, f"Each line to the right is ten times the one before. {said}.", bottom + 32, parts)


def panels(title: str, shown: Sequence[Panel]) -> str:
    """Lines, two panels beside each other; every axis begins at 0 but that of tenfold steps."""
    parts, said = [_text(16, 28, title, "heading")], []
    rows = math.ceil(len(shown) / 2)
    for place, panel in enumerate(shown):
        left, top = (place % 2) * _PANEL, _TOP + (place // 2) * (_DEPTH + 66)
        parts.append(f'<g transform="translate({left} {top})">{"".join(_panel(panel))}</g>')
        for line in panel.lines:
            told = ", ".join(f"{number(y)} at {number(x)}" for x, y in line.points)
            said.append(f"{panel.heading}, {line.name}, by {panel.across}: {told}.")
    return _drawn(title, " ".join(said), _TOP + rows * (_DEPTH + 66), parts)


def _panel(panel: Panel) -> Iterator[str]:
    left, room = 60, _PANEL - 90
    most = ceiling(max((y for line in panel.lines for _, y in line.points), default=1) or 1)
    across = [x for line in panel.lines for x, _ in line.points]

    def place(x: float, y: float) -> tuple[float, float]:
        part = _tenfold(x, min(across), max(across)) if panel.tenfold else x / max(across)
        return left + room * part, _DEPTH * (1 - y / most) + 10

    yield _text(left, -6, panel.heading, "quiet")
    for step in range(5):
        _, y = place(max(across), most * step / 4)
        yield _rule(left, y, left + room, y, "axis" if step == 0 else "line")
        yield _text(left - 8, y + 5, number(most * step / 4), "quiet", "end")
    for x, shown in _apart({place(value, 0)[0]: number(value) for value in across}):
        yield _text(x, _DEPTH + 28, shown, "quiet", "middle")
    yield _text(left + room / 2, _DEPTH + 50, panel.across, "quiet", "middle")
    for kind, line in zip(_KINDS, panel.lines, strict=False):
        yield f'<path class="{kind}" d="M{" L".join("{:.1f} {:.1f}".format(*place(*at)) for at in line.points)}"/>'
        yield from (_mark(kind, *place(*at)) for at in line.points)
    yield from _legend(panel.lines, left + room)


def _mark(kind: str, x: float, y: float) -> str:
    if kind == "own":
        return f'<circle class="own" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<rect class="other" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'


def _legend(lines: Sequence[Series], right: float) -> Iterator[str]:
    """The mark and the name of each line, where there are two."""
    for place, (kind, line) in enumerate(zip(_KINDS, lines, strict=False)):
        if len(lines) > 1:
            x = right - _LEGEND * (len(lines) - place)
            yield _mark(kind, x, -11)
            yield _text(x + 10, -6, line.name)


def _tenfold(x: float, least: float, most: float) -> float:
    return math.log(x / least) / math.log(most / least) if most > least else 0.0


def _apart(words: Mapping[float, str]) -> list[tuple[float, str]]:
    """What stands below an axis, by place: the last, and of those before it what does not touch the next."""
    kept: list[tuple[float, str]] = []
    for x, text in sorted(words.items(), reverse=True):
        if not kept or kept[-1][0] - x > 4.5 * (len(text) + len(kept[-1][1])):
            kept.append((x, text))
    return kept


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _rule(x: float, y: float, to_x: float, to_y: float, kind: str = "line") -> str:
    return f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _drawn(title: str, description: str, height: int, parts: Iterable[str]) -> str:
    said = f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-labelledby="title desc">\n{said}\n{_STYLE}\n'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n{chr(10).join(parts)}\n</svg>\n'
    )
