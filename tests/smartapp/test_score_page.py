import itertools
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from report_page import ATTESTED, PERIOD, RULES, Element, Shown, ndjson, read_page

from extractors.ledger import NEEDS
from scoring.model import MeasureId, Origin, Proportion, Reporter, Severity
from smartapp import paths
from smartapp.attesting.attestations import Attestations, Reported
from smartapp.kept.archive import latest, open_score
from smartapp.kept.publish import publish
from smartapp.opened.drilldown import Asked, Show, open_measure
from smartapp.report.frame import STEPS, Action, Choosing, Frame, Link, Message, Option
from smartapp.report.pages import app_page, basis_page, measure_page, measures_page, message_page, score_page
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read

HOSTILE = '<script>alert("x")</script>{{7*7}}\'"><img src=x onerror=alert(1)>'
WRITTEN = datetime(2026, 7, 6, 3, 5, tzinfo=UTC)
FRAME = Frame(
    stylesheet="/style.css",
    home="/l/abc",
    user="Dana Example",
    npi="1234567893",
    ehr="Example EHR",
    launched="July 6, 2026, 9:00 am EDT",
    csrf="token-1",
    has_patient=True,
)
_OTHERS = (
    "patient",
    "periods",
    "plan",
    "documents",
    "exclusions",
    "hie",
    "group",
    "trend",
    "help",
    *(step.page for step in STEPS),
)
OUTSIDE = {f"/l/abc/{page}" for page in _OTHERS}
"""What pages name and others make."""


@dataclass
class App:
    scored: Scored
    pages: Mapping[str, Element]
    html: Mapping[str, str]

    @property
    def score(self) -> Element:
        return self.pages["/l/abc/score"]

    @property
    def listed(self) -> Element:
        return self.pages["/l/abc/measures"]


def app_of(scored: Scored, frame: Frame = FRAME) -> App:
    html = {f"{frame.home}/score": score_page(scored, WRITTEN, frame), f"{frame.home}/basis": basis_page(scored, frame)}
    html[f"{frame.home}/measures"] = measures_page(scored, frame)
    for measure in NEEDS:
        with suppress(KeyError):
            opened = open_measure(scored, measure)
            page = measure_page(scored, opened, Asked(), frame, with_cases=True)
            html[f"{frame.home}/measures/{measure}"] = page
    return App(scored, {path: read_page(text) for path, text in html.items()}, html)


def app_of_folder(folder: Path, attested: Attestations = ATTESTED, frame: Frame = FRAME) -> App:
    with read(Source(folder), RULES, PERIOD) as reading:
        return app_of(score_reading(reading, attested), frame)


@pytest.fixture(scope="module")
def app(solo_out: Path) -> App:
    """The pages of the synthetic practice, made from its run's folder."""
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        return app_of(scored)


@pytest.fixture(scope="module")
def little() -> App:
    """The pages of a practice whose server shows prescriptions and little else."""
    return app_of_folder(paths.fixture("onc-deck") / "scenario-1" / "rt1")


def target(app: App, path: str, href: str) -> Element | None:
    """The element that a link of a page leads to; None where it is not there."""
    page, anchor = urldefrag(urljoin(path, href))
    found = app.pages.get(urlsplit(page).path)
    if found is None or not anchor:
        return found
    with suppress(ValueError):
        return found.by_id(anchor)
    return None


@pytest.mark.parametrize("which", ["app", "little"])
def test_every_link_of_every_page_leads_to_something(which: str, request: pytest.FixtureRequest) -> None:
    app: App = request.getfixturevalue(which)
    for path, page in app.pages.items():
        for href in {a.attributes["href"] for a in page.all("a")}:
            if not href.startswith("https://"):
                assert urldefrag(href)[0] in OUTSIDE or target(app, path, href), f"{path}: {href}"


@pytest.mark.parametrize("which", ["app", "little"])
def test_every_id_of_a_page_is_its_own(which: str, request: pytest.FixtureRequest) -> None:
    app: App = request.getfixturevalue(which)
    for page in app.pages.values():
        ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
        assert len(ids) == len(set(ids))


def test_a_number_of_cases_leads_to_the_rows_of_that_very_number(app: App) -> None:
    """That these are as many rows, the walk over every figure shows."""
    line = app.listed.by_id("line-PI_EP_1")
    shows = {word: line.all("a", word)[0].attributes["href"] for word in ("met", "denominator")}
    assert shows == {word: f"/l/abc/measures/PI_EP_1?variant=controlled-included&show={word}#cases" for word in shows}


def test_a_figure_from_the_ehrs_report_leads_to_that_report_and_not_to_rows(app: App) -> None:
    [met] = app.listed.by_id("line-PI_HIE_4").all("a", "met")
    assert met.attributes["href"] == "/l/abc/measures/PI_HIE_4#report"
    report = target(app, "/l/abc/measures", met.attributes["href"])
    assert report is not None
    assert "27 of 38" in report.text


def test_the_points_are_those_of_the_report(app: App, solo: Shown) -> None:
    for tag, css_class, shown in (("span", "big", app.score), ("strong", "earned-points", app.listed)):
        pages = [[cell.text for cell in page.all(tag, css_class)] for page in (shown, solo.page)]
        assert pages[0] == pages[1] != []
    assert "10 of 10 points" in app.pages["/l/abc/measures/PI_EP_1"].text


def test_points_of_the_objectives_add_up_to_the_total_after_cap_and_gate(app: App) -> None:
    [points] = [one for one in app.score.all("section") if one.attributes.get("aria-labelledby") == "points"]
    table = points.all("table")[0]
    earned = [int(row.all("td")[0].text) for row in table.all("tbody")[0].all("tr")]
    total, capped, after = [int(row.all("td")[0].text) for row in table.all("tfoot")[0].all("tr")]
    assert len(earned) >= 4
    assert total == sum(earned) == sum(int(one.text) for one in app.listed.all("strong", "earned-points"))
    assert capped == min(100, total)
    assert [str(after)] == [one.text for one in app.score.all("span", "big")]


def test_the_gate_comes_first_then_the_score_then_what_it_is_made_of(app: App) -> None:
    ids = [e.attributes["id"] for e in app.score.all("h2")]
    assert ids == ["gate", "score", "points"]


def test_a_figure_of_the_score_opens_the_lines_that_earn_it_and_one_line_leads_to_what_is_warned_of(app: App) -> None:
    [points] = app.score.all("p", "points")
    assert points.all("a")[0].attributes["href"] == "/l/abc/measures"
    number = sum(one.severity is not Severity.ERROR for one in app.scored.score.findings)
    [advice] = app.score.all("p", "advice")
    assert number > 1
    assert advice.text == f"{number} warnings and notes: see Submission"
    assert advice.all("a")[0].attributes["href"] == "/l/abc/submission#advice"


def test_every_line_of_the_score_is_listed_with_why_it_earns_what_it_does(app: App) -> None:
    for line in app.scored.score.lines:
        row = app.listed.by_id(f"line-{line.measure}").text
        assert f"{line.earned} of {line.available}" in row
        assert " ".join(line.because.split()) in row
        assert f"Rule: {line.confidence}" in row


def test_the_score_says_when_it_was_made_in_the_zone_of_the_practice(app: App) -> None:
    [facts] = app.score.all("dl", "facts")
    assert "As of July 5, 2026, 11:05 pm EDT" in facts.text
    assert "January 1, 2026 to July 5, 2026 (186 days)" in facts.text


def test_every_measure_can_be_opened_also_one_that_is_not_part_of_the_score(app: App) -> None:
    measures = {path.rpartition("/")[2] for path in app.pages if "/measures/" in path}
    assert measures == {measure for measure in NEEDS if measure in RULES.measures}
    led_to = {urlsplit(a.attributes["href"]).path for a in app.pages["/l/abc/measures"].all("a")}
    assert {f"/l/abc/measures/{measure}" for measure in measures} <= led_to


@pytest.mark.parametrize("measure", ["PI_NONE", "PI_PPHI_1", "", "../score", "PI_EP_1-all"])
def test_a_measure_that_is_not_counted_has_no_page(little: App, measure: str) -> None:
    with pytest.raises(KeyError):
        open_measure(little.scored, MeasureId(measure))


def test_pages_run_nothing_and_carry_no_style_of_their_own(app: App) -> None:
    for page in app.pages.values():
        assert not [e.tag for e in page.walk() if e.tag in {"script", "style", "img", "iframe", "object", "embed"}]
        assert not [name for e in page.walk() for name in e.attributes if name.startswith("on") or name == "style"]
        assert [link.attributes for link in page.all("link")] == [
            {"rel": "icon", "href": "data:,"},
            {"rel": "stylesheet", "href": "/style.css"},
        ]


def test_pages_can_be_walked_by_headings_landmarks_and_captions(app: App) -> None:
    for page in app.pages.values():
        levels = [int(e.tag[1]) for e in page.walk() if re.fullmatch(r"h[1-6]", e.tag)]
        assert (levels[0], levels.count(1)) == (1, 1)
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        assert [len(page.all(landmark)) for landmark in ("header", "main", "footer")] == [1, 1, 1]
        names = [nav.attributes["aria-label"] for nav in page.all("nav")]
        assert len(names) == len(set(names))
        assert all(len(table.all("caption")) == 1 for table in page.all("table"))


def test_the_layout_says_who_looks_and_from_where_and_lets_them_out(app: App) -> None:
    for page in app.pages.values():
        [header] = page.all("header")
        for word in ("Dana Example", "NPI 1234567893", "Example EHR", "July 6, 2026, 9:00 am EDT", "This patient"):
            assert word in header.text
        [form] = header.all("form")
        assert form.attributes == {"method": "post", "action": "/l/abc/sign-out", "class": "inline"}
        [field] = form.all("input")
        assert field.attributes == {"type": "hidden", "name": "csrf", "value": "token-1"}
    [current] = [a for a in app.score.all("a") if "aria-current" in a.attributes]
    assert current.text == "My score"


def test_only_the_score_of_the_one_who_looks_is_called_theirs(little: App) -> None:
    npi = little.scored.submission.reporter.npi
    for looks, begins in ((npi, "My score:"), (None, f"Score of NPI {npi}, "), ("1999999992", f"Score of NPI {npi}, ")):
        page = read_page(score_page(little.scored, WRITTEN, replace(FRAME, npi=looks)))
        assert page.all("h1")[0].text.startswith(begins)


def test_what_a_launch_does_not_have_is_not_offered(little: App) -> None:
    page = read_page(score_page(little.scored, WRITTEN, replace(FRAME, npi=None, has_patient=False)))
    [header] = page.all("header")
    assert "This patient" not in header.text
    assert "NPI" not in header.text
    assert not page.all("nav", "others")


CHOOSING = Choosing(
    text="2026, January 1, 2026 to June 29, 2026 (180 days), TIN 111111111, as a group",
    action="/l/abc/score",
    year=2026,
    start="2026-01-01",
    end="2026-06-29",
    years=(Link("2026", "/l/abc/score?year=2026", current=True), Link("2025", "/l/abc/score?year=2025")),
    presets=(Link("Whole year", "/l/abc/score?year=2026&start=2026-01-01&end=2026-12-31&who=0123456789ab"),),
    reporters=(Option("0123456789ab", "TIN 111111111, as a group", current=True), Option("ba9876543210", HOSTILE)),
)
QUERY = "?year=2026&start=2026-01-01&end=2026-06-29&who=0123456789ab"


@pytest.fixture
def chosen(little: App) -> Element:
    frame = replace(FRAME, choosing=CHOOSING, choice=QUERY, notices=("Synthetic data.",))
    return read_page(score_page(little.scored, WRITTEN, frame))


def test_every_link_of_a_page_carries_the_whole_choice_on(chosen: Element) -> None:
    inside = [a.attributes["href"] for a in chosen.all("a") if a.attributes["href"].startswith("/l/abc/")]
    choosing = {one.href for one in (*CHOOSING.years, *CHOOSING.presets)}
    assert len(inside) > 10
    assert all(QUERY in href for href in inside if href not in choosing)
    assert f"/l/abc/submission{QUERY}#advice" in inside
    assert chosen.all("p", "notice")[0].text == "Synthetic data."


def test_year_days_and_reporter_are_chosen_by_a_form_that_needs_no_script(chosen: Element) -> None:
    [form] = chosen.all("form", "choose")
    assert (form.attributes["method"], form.attributes["action"]) == ("get", "/l/abc/score")
    fields = {one.attributes["name"]: one for one in (*form.all("input"), *form.all("select"))}
    assert {name: one.attributes.get("value", "") for name, one in fields.items()} == {
        "year": "2026",
        "start": "2026-01-01",
        "end": "2026-06-29",
        "who": "",
    }
    labels = {label.attributes["for"] for label in form.all("label")}
    assert labels == {"start", "end", "who"}
    options = fields["who"].all("option")
    assert [(o.text, "selected" in o.attributes) for o in options] == [
        ("TIN 111111111, as a group", True),
        (HOSTILE, False),
    ]


def test_what_is_chosen_stands_on_the_page_as_text_for_paper_too(chosen: Element) -> None:
    [said] = chosen.all("span", "chosen-text")
    assert said.text == CHOOSING.text


def test_the_steps_of_cms_are_a_list_in_order_with_the_current_one_marked(little: App) -> None:
    page = read_page(basis_page(little.scored, replace(FRAME, choice=QUERY)))
    [steps] = page.all("nav", "cms-steps")
    [listed] = steps.all("ol")
    names = ["Requirements", "CEHRT", "Measures and period", "Attestations", "Submission"]
    assert [a.text for a in listed.all("a")] == names
    assert [a.text for a in listed.all("a") if "aria-current" in a.attributes] == ["Measures and period"]


def test_an_input_that_is_not_whole_shows_no_points_on_any_page(tmp_path: Path) -> None:
    (tmp_path / "all.ndjson").write_bytes(
        (paths.fixture("onc-deck") / "scenario-1/rt1/Patient.ndjson").read_bytes()[:99]
    )
    blocked = app_of_folder(tmp_path)
    assert "Score blocked" in blocked.score.by_id("blocked").text
    assert not blocked.score.all("strong", "earned-points")
    [more] = blocked.score.all("section", "alert-error")[0].all("a")
    assert target(blocked, "/l/abc/score", more.attributes["href"]) is not None
    for page in blocked.pages.values():
        assert not re.search(r"\d of \d+ points", page.text)


def test_hostile_text_of_a_server_a_person_or_an_ehr_is_shown_and_never_run(tmp_path: Path) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": HOSTILE,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{HOSTILE}"},
        "authoredOn": "2026-02-02",
        "requester": {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1093817465"},
        "medicationCodeableConcept": {"text": HOSTILE, "coding": [{"system": HOSTILE, "code": HOSTILE}]},
    }
    reported = {MeasureId("PI_EP_1"): Reported(Proportion(1, 2, origin=Origin.REPORTED), HOSTILE, date(2026, 7, 1))}
    attested = replace(ATTESTED, reporter=Reporter(None, "1093817465"), reported=reported)
    words = dict.fromkeys(("user", "npi", "ehr", "launched", "csrf"), HOSTILE)
    frame = replace(FRAME, **words, notices=(HOSTILE,), choosing=replace(CHOOSING, text=HOSTILE))
    with read(Source(ndjson(tmp_path, order, {"resourceType": HOSTILE})), RULES, PERIOD) as reading:
        publish(score_reading(reading, attested), tmp_path / "out")
    [kept] = latest(tmp_path / "out" / "runs", "1093817465")
    with open_score(kept.place) as scored:
        app = app_of(scored, frame)
        opened = open_measure(scored, MeasureId("PI_EP_1"))
        cases = read_page(measure_page(scored, opened, Asked(Show.UNDECIDED), frame, with_cases=True))
    for page in (*app.pages.values(), cases):
        assert not [e.tag for e in page.walk() if e.tag in ("script", "img")]
        assert not [name for e in page.walk() for name in e.attributes if name.startswith("on")]
        assert HOSTILE in page.text
        assert page.all("input")[0].attributes["value"] == HOSTILE
    assert f"MedicationRequest/{HOSTILE}" in cases.text


MESSAGE = Message(
    title="Open pi180 in a tab of its own",
    paragraphs=("Your EHR shows pages in a frame.", HOSTILE),
    actions=(
        Action("Open", "/launch/again", {"state": HOSTILE}, new_tab=True),
        Action("Stop", "/launch/stop"),
    ),
    status_word="One more step",
    links=(Link("Help", "/help"),),
)


def test_a_message_is_a_page_with_its_words_its_buttons_and_its_links() -> None:
    page = read_page(message_page(MESSAGE, "/style.css"))
    assert [heading.text for heading in page.all("h1")] == [MESSAGE.title]
    assert all(words in page.text for words in (*MESSAGE.paragraphs, "One more step"))
    opened, stopped = page.all("form")
    assert opened.attributes == {
        "method": "post",
        "action": "/launch/again",
        "class": "inline",
        "target": "_blank",
    }
    assert opened.all("input")[0].attributes == {"type": "hidden", "name": "state", "value": HOSTILE}
    assert "target" not in stopped.attributes
    assert (opened.all("button")[0].text, stopped.all("button")[0].text) == ("Open (opens a new tab)", "Stop")
    assert [a.attributes["href"] for a in page.all("a")] == ["#main", "/help"]
    assert not [e.tag for e in page.walk() if e.tag in ("script", "img", "style")]


def test_a_message_without_more_to_do_is_only_its_words() -> None:
    page = read_page(message_page(Message("No run yet", ("Ask for one.",)), "/style.css"))
    assert not page.all("form")
    assert not page.all("span", "tag")
    assert "Ask for one." in page.text


def test_a_page_of_the_app_that_is_not_there_is_an_error_of_ours() -> None:
    with pytest.raises(LookupError):
        app_page("nowhere", FRAME)
