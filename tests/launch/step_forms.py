"""The forms of the steps as a browser without scripts sends them: every field as it stands, but for what is typed."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO

from launching import OWN_FORM, Browser, Site, words
from werkzeug.test import TestResponse

from smartapp.store import Author, Filing

NPI, TIN = "1234567893", "000180180"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
OTHER_PERSON = Author("Second Person", "https://ehr.example second")


class _Fields(HTMLParser):
    """The fields of the form that posts to a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.inside, self.found = page, False, {}
        self._select, self._text = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = re.search(rf"/{self.page}(\?|$)", given.get("action", "")) is not None
            self.inside = self.inside and "enctype" not in given and given.get("method") == "post"
        elif self.inside and tag == "input":
            self._input(given, "checked" in given)
        elif self.inside and tag == "select":
            self._select = given["name"]
            self.found[self._select] = ""
        elif self.inside and tag == "option" and "selected" in given:
            self.found[self._select] = given["value"]
        elif self.inside and tag == "textarea":
            self._text = given["name"]
            self.found[self._text] = ""

    def _input(self, given: dict[str, str], checked: bool) -> None:
        if given.get("type") in ("radio", "checkbox") and not checked:
            return
        self.found[given["name"]] = given.get("value", "on")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.found[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "textarea":
            self._text = ""


def fields(page: str, name: str) -> dict[str, str]:
    """What a browser would send of the form of a step."""
    parser = _Fields(name)
    parser.feed(page)
    return parser.found


@dataclass
class Walk:
    """One signed-in person on the steps."""

    site: Site
    browser: Browser
    home: str
    query: str = ""

    def at(self, name: str) -> str:
        got = self.browser.get(f"{self.home}{name}{self.query}")
        assert got.status_code == 200, words(got.text)
        return got.text

    def text(self, name: str) -> str:
        return words(self.at(name))

    def send(self, name: str, do: str = "save", **typed: str) -> TestResponse:
        """Fill a form in and send it; in the names of keywords `__` stands for `-`."""
        return self.send_fields(name, fields(self.at(name), name) | self._named(typed), do)

    def send_fields(self, name: str, form: dict[str, str], do: str = "save") -> TestResponse:
        return self.browser.post(f"{self.home}{name}{self.query}", {**form, "do": do}, OWN_FORM)

    def saves(self, name: str, **typed: str) -> str:
        """Save, and follow to the page after it."""
        got = self.send(name, **typed)
        assert got.status_code == 303, words(got.text)
        return self.browser.get(got.headers["Location"]).text

    def refusals(self, name: str, **typed: str) -> dict[str, str]:
        """Save, and be refused: what stands beside each field."""
        got = self.send(name, **typed)
        assert got.status_code == 400, words(got.text)
        return beside_fields(got.text)

    def attach(self, slot: str, data: bytes = PDF, name: str = "letter.pdf", **more: str) -> TestResponse:
        csrf = re.findall(r'name="csrf" value="([^"]*)"', self.at("documents"))[0]
        form = {"csrf": csrf, "slot": slot, "file": (BytesIO(data), name), **more}
        address = f"{self.home}documents{self.query}"
        return self.browser.client.post(address, base_url=self.site.address, data=form, headers=OWN_FORM)

    def filing(self, npi: str | None = NPI) -> Filing:
        return Filing("demo", 2026, TIN, npi)

    @staticmethod
    def _named(typed: dict[str, str]) -> dict[str, str]:
        return {name.replace("__", "-"): value for name, value in typed.items()}


def beside_fields(page: str) -> dict[str, str]:
    """By field, the message beside it; each stands in the summary too, with a link to the field."""
    found = dict(re.findall(r'<p class="field-error" id="([\w+-]+)-error">(.*?)</p>', page, re.DOTALL))
    summary = page.partition('id="problems"')[2].partition("</div>")[0]
    for name in found:
        assert f'href="#{name}"' in summary, name
        assert f'id="{name}"' in page, name
    return {name: words(text) for name, text in found.items()}
