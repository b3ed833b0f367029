"""Every word that anybody may bring in is shown as a word: of the EHR, of settings, of files, and whatever is typed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import responses
from crawling import walk
from hostile_words import Payloads, Watch, payload
from launching import OWN_FORM, Browser, Registered, Site, csrf_of, site_of
from lxml import html
from step_forms import PDF
from step_forms import Walk as Steps

from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import read_attestations
from smartapp.kept.publish import keep
from smartapp.scored import score_reading
from smartapp.usecases import Source, read
from tests.smartapp.canaries import as_lines
from tests.smartapp.canaries import practice as open_texts

ADMIN = Registered(more='offline = true\nadmins = ["Practitioner/internist"]\n')
NOTE, EHR_NAME, LABEL, REPORT, PEOPLE, PRODUCTS, REASON = map(payload, range(90000, 90007))
FILE_NAME = "Zq90100<zqz onzqz=zqz()>{{7*7}}'.pdf"
_EMPTY = "on"
"""What the reader of forms takes a button of a choice for whose value is empty."""
PAGES = 300
"""More than there are, so that the walk ends by itself."""


@dataclass(frozen=True)
class Looked:
    """What was looked at: the words that were brought in and shown, and pages by their addresses."""

    words: Payloads
    watch: Watch
    pages: dict[str, str]
    typed: dict[str, int]

    def shown(self, *ends: str) -> bool:
        """Whether a word of each place was shown."""
        places = [self.words.places[mark] for mark in self.watch.shown if mark in self.words.places]
        return all(any(place.endswith(end) for place in places) for end in ends)


class Looking(Browser):
    """A browser in which every page that is opened is looked at."""

    def __init__(self, site: Site, watch: Watch) -> None:
        super().__init__(site)
        self.watch, self.pages = watch, dict[str, str]()

    def _noted(self, got: Any) -> Any:
        if got.text and "html" in got.headers.get("Content-Type", ""):
            self.watch.look(got.text, got.request.path)
            self.pages[got.request.path] = got.text
        return super()._noted(got)


@pytest.fixture(scope="module")
def words_brought() -> Payloads:
    return Payloads()


@pytest.fixture(scope="module")
def hostile_results(words_brought: Payloads, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over a practice in which every open text holds such words."""
    folder, out, rules = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("runs"), load(2026)
    (folder / "all.ndjson").write_bytes(as_lines(open_texts(words_brought)))
    (folder / "site.toml").write_text('zone = "America/New_York"\nhistory_from = 2024-01-01\n')
    attested = read_attestations(paths.fixture("solo-2026") / "attestations.toml", rules)
    assert attested.period
    with read(Source(folder, folder / "site.toml"), rules, attested.period) as reading:
        keep(score_reading(reading, attested), out / "runs")
    return out


@pytest.fixture(scope="module")
def looked(
    words_brought: Payloads, hostile_results: Path, practice: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Looked]:
    """Type into every field of every form, then look at all pages."""
    watch = Watch()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        site = site_of(tmp_path_factory.mktemp("site"), practice, wire, ADMIN, results=hostile_results)
        _spoil(site, words_brought)
        browser = Looking(site, watch)
        home = browser.sign_in()
        typed = _typed(steps := Steps(site, browser, home))
        _kept(steps)
        for page in ("", "patient", "help", "people", "trail", "runs", "measures/NONE"):
            browser.get(f"{home}{page}")
        found = walk(browser, home, "measures", "month=|why=|rests=", PAGES)
        assert found.whole
        yield Looked(words_brought, watch, browser.pages, typed)
        site.service.launches._engine.dispose()


def _spoil(site: Site, words: Payloads) -> None:
    """Have the EHR send such words, and be registered by them."""

    def change(said: dict[str, Any]) -> dict[str, Any]:
        if said.get("resourceType") == "Bundle":
            entries = [{**one, "resource": words.spoiled(one["resource"])} for one in said.get("entry", [])]
            return {**said, "entry": entries}
        return words.spoiled(said) if said.get("resourceType") in ("Practitioner", "Patient") else said

    site.faults.add("fhir", change=change)
    ehr = site.service.launching.ehrs["demo"]
    ehr.registration = replace(ehr.registration, name=EHR_NAME)


def _typed(steps: Steps) -> dict[str, int]:
    """Type such words into each kind of field of each form, one by one; how each was answered."""
    got: dict[str, int] = {}
    for page in _pages(steps.site):
        for form in html.fromstring(steps.browser.get(f"{steps.home}{page}").text).forms:
            for field in _fields(form):
                kind = field.partition("-PI_")[0]
                where = f"{page} {kind}" if form.method == "POST" else f"any page {kind}"
                if where not in got:
                    steps.site.clock.passes(2)
                    got[where] = _sent(steps, form, field, payload(50100 + len(got)))
    return got


def _kept(steps: Steps) -> None:
    """Have such words kept wherever words may be kept."""
    steps.saves("cehrt", products=PRODUCTS, reason=REASON)
    steps.saves("attestations", **{"report-PI_HIE_4": REPORT, "people-PI_PPHI_1": PEOPLE, "reason": REASON})
    assert steps.attach("risk-analysis", PDF, FILE_NAME, note=NOTE).status_code == 303
    form = {"csrf": csrf_of(steps.at("people")), "user": "Practitioner/x", "label": LABEL, "role": "staff", "tins": ""}
    assert steps.browser.post(f"{steps.home}people", form).status_code == 303


def _pages(site: Site) -> Iterator[str]:
    """Each page of a launch that is the same for everybody, by its name."""
    for rule in site.app.url_map.iter_rules():
        start, _, page = rule.rule.partition("/l/<launch_id>/")
        if "GET" in (rule.methods or ()) and not start and "<" not in page:
            yield page


def _fields(form: html.FormElement) -> Iterator[str]:
    """Fields that something else than what stands there may be sent in; a token alone is none."""
    if "sign-out" not in form.action:
        yield from (name for name in form.fields if name != "csrf")


def _sent(steps: Steps, form: html.FormElement, field: str, word: str) -> int:
    sent = {name: text for name, text in form.form_values() if text != _EMPTY} | {field: word}
    if form.method == "GET":
        return steps.browser.get(form.action, query_string=sent).status_code
    return steps.browser.post(form.action, {"do": "look", **sent}, OWN_FORM).status_code


@pytest.mark.requirement("R85", "R87", "R88")
def test_no_word_of_an_ehr_of_settings_or_of_somebody_who_types_becomes_more_than_a_word(looked: Looked) -> None:
    """Each page was looked at as it was opened; here is told that the words were there to be seen."""
    assert looked.shown("Patient.name.text", "Practitioner.name.text", "medicationCodeableConcept.coding.display", "id")
    assert looked.watch.holds(FILE_NAME, NOTE, EHR_NAME, LABEL, REPORT, PEOPLE, PRODUCTS, REASON)


@pytest.mark.requirement("R88")
def test_words_were_typed_into_every_form_and_kept_or_shown_back(looked: Looked) -> None:
    assert set(looked.typed.values()) == {200, 400, 403, 404, 409}
    assert {name.partition(" ")[0] for name in looked.typed} >= {
        "attestations",
        "cehrt",
        "people",
        "documents",
        "what-if",
    }
    assert len(looked.typed) > 50


@pytest.mark.parametrize(
    "page",
    [
        "<p>Zq00001<zqz>",
        "<p>Zq00001<SVG/onload=x>",
        '<p title="Zq00001" onzqz=x>',
        "<a href=' javascript:zqz()'>",
        "<p>Zq00001[49]",
        "<p>Zq00001$49",
        "<script>Zq00001",
    ],
)
def test_the_watch_sees_what_became_more_than_a_word(page: str) -> None:
    with pytest.raises(AssertionError):
        Watch().look(page, "here")
