"""What a C-CDA document says of its problems, medications and allergies, and what is refused unread."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.ccda import Completeness, read_best
from extractors.safe_xml import MAXIMUM

DOCUMENTS = Path(__file__).parent / "ccda"


def text_of(name: str) -> str:
    return (DOCUMENTS / f"{name}.xml").read_text()


def base64_of(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


def word_of(*documents: str) -> Completeness:
    return read_best(base64_of(document) for document in documents).word


COMPLETE = text_of("complete")
PROBLEM = '<value xsi:type="CD" code="59621000" codeSystem="2.16.840.1.113883.6.96"/>'


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        pytest.param("complete", "complete", "are there"),
        pytest.param("none-known", "complete", "said to be none", marks=pytest.mark.case(73)),
        pytest.param("blank-allergies", "incomplete", "allergies blank", marks=pytest.mark.case(73)),
        pytest.param("missing-problems", "incomplete", "problems missing", marks=pytest.mark.case("X7-6")),
        pytest.param("no-xml-body", "unstructured", "body is no XML", marks=pytest.mark.case("X7-1")),
        pytest.param("narrative-only", "unread", "allergies without coded entries"),
        pytest.param("entity-bomb", "unread", "document type"),
        pytest.param("no-cda", "unread", "no C-CDA"),
    ],
)
def test_a_document_is_judged_by_its_three_sections(name: str, word: str, said: str) -> None:
    reading = read_best([base64_of(text_of(name))])
    assert reading.word == word
    assert said in reading.reason
    assert "anary" not in reading.reason


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        pytest.param('code="59621000"', 'nullFlavor="UNK"', "incomplete", id="an entry that names nothing, no text"),
        pytest.param(PROBLEM, "<value><originalText>a</originalText></value>", "complete", id="named in words"),
        pytest.param('code="11450-4"', 'code="11450-3"', "incomplete", id="another section"),
        pytest.param(
            '"11450-4" codeSystem="2.16.840.1.113883.6.1"',
            '"11450-4" codeSystem="2.16.840.1.113883.6.96"',
            "incomplete",
            id="the same code of another system",
        ),
        pytest.param('"11450-4" codeSystem="2.16.840.1.113883.6.1"', '"11450-4"', "complete", id="no system stated"),
        pytest.param('"10160-0"', '"10183-2"', "complete", id="medications of a discharge summary"),
        pytest.param("2.16.840.1.113883.10.20.22.1.1", "2.16.840.1.113883.10.20.3", "unread", id="another header"),
        pytest.param("urn:hl7-org:v3", "urn:hl7-org:v2", "unread", id="another namespace"),
        pytest.param("</ClinicalDocument>", "", "unread", id="cut"),
    ],
)
def test_one_change_to_a_complete_document_decides(old: str, new: str, word: str) -> None:
    assert old in COMPLETE
    assert word_of(COMPLETE.replace("Canary-Hypertension", "").replace(old, new)) == word


@pytest.mark.parametrize("status", ["55561003", "73425007"])
def test_the_status_of_a_problem_is_no_problem(status: str) -> None:
    nested = f'<entryRelationship><observation><value code="{status}"/></observation></entryRelationship>'
    blank = COMPLETE.replace("Canary-Hypertension", "").replace(PROBLEM, f'<value nullFlavor="UNK"/>{nested}')
    assert word_of(blank) == "incomplete"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("No known allergies", "complete"),
        ("NKDA", "complete"),
        ("None", "complete"),
        ("No known drug allergies.", "complete"),
        ("None of the above was asked", "unread"),
        ("Allergies: not on file", "unread"),
        ("   \N{NO-BREAK SPACE} ", "incomplete"),
    ],
)
def test_of_text_alone_only_none_known_and_nothing_are_plain(text: str, word: str) -> None:
    assert word_of(text_of("narrative-only").replace("Canary-Penicillin: rash", text)) == word


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_document_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    declared = COMPLETE.replace('encoding="UTF-8"', f'encoding="{encoding}"').replace("Canary", "Cañarý")
    assert read_best([base64_of(declared, encoding)]).word == "complete"


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param("", id="nothing"),
        pytest.param("not base64!", id="no base64"),
        pytest.param("ä" * 8, id="no ASCII"),
        pytest.param(base64_of(COMPLETE)[:-3], id="cut base64"),
        pytest.param(base64_of("%PDF-1.7"), id="a PDF"),
        pytest.param(base64_of(COMPLETE.replace('encoding="UTF-8"', 'encoding="no-such"')), id="unknown encoding"),
        pytest.param(
            base64_of(COMPLETE.replace("Canary", "Cañary"), "iso-8859-1"), id="another encoding than declared"
        ),
        pytest.param(base64_of("<a>" * 5000), id="deep"),
        pytest.param(base64_of(COMPLETE + " " * MAXIMUM), id="over the limit"),
        pytest.param(base64_of(text_of("entity-bomb").replace("UTF-8", "UTF-16"), "utf-16"), id="a bomb in UTF-16"),
        pytest.param(
            base64_of('<!DOCTYPE a SYSTEM "file:///etc/hostname">' + COMPLETE.partition("\n")[2]), id="outside text"
        ),
    ],
)
@pytest.mark.requirement("R112")
def test_what_cannot_be_read_is_unread_and_no_fault(spoiled: str) -> None:
    assert read_best([spoiled]).word == "unread"


def test_a_document_up_to_the_limit_is_read() -> None:
    assert word_of(COMPLETE + " " * (MAXIMUM - len(COMPLETE.encode()))) == "complete"


def test_no_content_is_unread() -> None:
    assert read_best([]).word == "unread"


def test_the_best_form_of_a_document_speaks_in_any_order() -> None:
    forms = [text_of("no-cda"), text_of("blank-allergies"), COMPLETE]
    assert word_of(*forms) == word_of(*reversed(forms)) == "complete"


@given(st.sampled_from(sorted(DOCUMENTS.glob("*.xml"))), st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_an_unreadable_form_changes_nothing(path: Path, form: str | bytes) -> None:
    data = base64_of(path.read_text())
    noise = form if isinstance(form, str) else base64.b64encode(form).decode()
    assert read_best([data, noise]).word == read_best([noise, data]).word == read_best([data]).word
