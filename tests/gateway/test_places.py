from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.errors import LinkRefused
from extractors.places import next_page, place_of, reference_url, resolved

BASE = "https://ehr.example/tenant/fhir"
FETCHED = f"{BASE}/MedicationRequest?patient=1"


@pytest.mark.requirement("R43")
@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example/tenant/fhir",
        "https://EHR.example/tenant/fhir/",
        "https://ehr.example:443/tenant/fhir/Patient/1?x=y",
        "https://ehr.example/tenant/f%68ir/Patient",
    ],
)
def test_a_url_at_or_below_the_base_is_held_however_it_is_spelled(url: str) -> None:
    assert place_of(BASE).holds(place_of(url))


@pytest.mark.requirement("R43")
@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example.evil.example/tenant/fhir",
        "https://ehr.example:8443/tenant/fhir",
        "https://xehr.example/tenant/fhir",
        "https://ehr.example/tenant/fhirx/Patient",
        "https://ehr.example/tenant",
        "https://ehr.example/other/fhir",
        "https://ehr.example./tenant/fhir",
        "https://ehr.example/Tenant/fhir",
    ],
)
def test_a_look_alike_is_not_held(url: str) -> None:
    assert not place_of(BASE).holds(place_of(url))


@pytest.mark.requirement("R43")
@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example@evil.example/tenant/fhir",
        "https://user:pass@ehr.example/tenant/fhir",
        "https://ehr.example\\@evil.example/tenant/fhir",
        "https://ehr.example/tenant/fhir/../../admin",
        "https://ehr.example/tenant/fhir/%2e%2e/%2E%2E/admin",
        "https://ehr.example/tenant/fhir/%252e%252e/admin",
        "https://ehr.example/tenant/fhir/x%2f..%2f..%2fadmin",
        "https://ehr.example/tenant/fhir/x%5cadmin",
        "https://ehr.example/tenant/fhir/..;/admin",
        "https://ehr.example/tenant/fhir/..;x=1/admin",
        "https://ehr.example/tenant/fhir/.;/Task",
        "https://ehr.example/tenant/fhir/%2e%2e;/admin",
        "https://ehr.example/tenant/fhir/..%3b/admin",
        "https://ehr.example/tenant/fhir/%252e%252e%253bx/admin",
        "https://ehr.example/tenant/fhir/..;%5cadmin",
        "https://ehr.example/tenant/fhir/..;\\admin",
        "https://ehr.example/tenant/\tfhir",
        "https://ehr.example/tenant/fhir\r\nHost: evil.example",
        "https://ehr.example:443:443/tenant/fhir",
        "https://ehr.example:x/tenant/fhir",
        "https://[::1/tenant/fhir",
        "https:///tenant/fhir",
        "https://a..b/tenant/fhir",
        "https://ehr%2eexample/tenant/fhir",
        "ftp://ehr.example/tenant/fhir",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//ehr.example/tenant/fhir",
        "",
        f"https://ehr.example/{'x' * 9000}",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(url: str) -> None:
    with pytest.raises(LinkRefused):
        place_of(url)


@pytest.mark.requirement("R43")
def test_an_international_name_is_compared_in_its_ascii_form() -> None:
    assert place_of("https://bücher.example/fhir") == place_of("https://xn--bcher-kva.example/fhir")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_plain_http_is_allowed_on_this_machine(host: str) -> None:
    assert place_of(f"http://{host}:8181/fhir").is_loopback


@pytest.mark.parametrize(
    "host", ["ehr.example", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0"]
)
def test_plain_http_is_refused_anywhere_else(host: str) -> None:
    with pytest.raises(LinkRefused, match="expected https"):
        place_of(f"http://{host}/fhir")


@pytest.mark.requirement("R42")
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://ehr.example/tenant/fhir?_page=2", "https://ehr.example/tenant/fhir?_page=2"),
        ("/tenant/fhir?_page=2", "https://ehr.example/tenant/fhir?_page=2"),
        ("?_page=2", f"{BASE}/MedicationRequest?_page=2"),
        ("MedicationRequest?_page=2", f"{BASE}/MedicationRequest?_page=2"),
        ("../fhir/MedicationRequest?_page=2", f"{BASE}/MedicationRequest?_page=2"),
        ("//ehr.example/tenant/fhir?_page=2", "https://ehr.example/tenant/fhir?_page=2"),
    ],
)
@pytest.mark.requirement("R44")
def test_a_next_link_resolves_against_the_page_that_held_it(link: str, expected: str) -> None:
    assert next_page(link, FETCHED, BASE) == expected


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/tenant/fhir?_page=2",
        "//evil.example/tenant/fhir?_page=2",
        "https://ehr.example:8080/tenant/fhir?_page=2",
        "http://ehr.example/tenant/fhir?_page=2",
        "/other/fhir?_page=2",
        "../../admin",
        "https://ehr.example@evil.example/tenant/fhir",
        "\\\\evil.example/tenant/fhir",
        "https://[bad",
    ],
)
def test_a_next_link_off_the_registered_server_is_refused(link: str) -> None:
    with pytest.raises(LinkRefused):
        next_page(link, FETCHED, BASE)


@pytest.mark.requirement("R44")
def test_a_next_link_to_an_alias_of_the_registration_is_followed_and_no_further() -> None:
    aliases = ("https://pages.example/fhir",)
    assert next_page("https://pages.example/fhir?_page=2", FETCHED, BASE, aliases).startswith("https://pages.example/")
    with pytest.raises(LinkRefused):
        next_page("https://pages.example/other?_page=2", FETCHED, BASE, aliases)


@pytest.mark.requirement("R44")
@pytest.mark.parametrize("reference", ["Practitioner/1", f"{BASE}/Practitioner/1", "/tenant/fhir/Practitioner/1"])
def test_a_reference_on_the_same_base_may_be_read(reference: str) -> None:
    assert reference_url(reference, BASE) == f"{BASE}/Practitioner/1"


@pytest.mark.requirement("R44")
@pytest.mark.parametrize(
    "reference",
    ["https://other.example/fhir/Practitioner/1", "../Practitioner/1", "urn:uuid:1", "#p1", "", "https://[bad", BASE],
)
def test_a_reference_elsewhere_is_no_address(reference: str) -> None:
    assert reference_url(reference, BASE) is None


@given(st.text(min_size=1, max_size=60))
def test_no_text_as_a_link_ever_leads_off_the_server(text: str) -> None:
    try:
        found = next_page(text, FETCHED, BASE)
    except LinkRefused:
        return
    assert urlsplit(found).netloc.lower() == "ehr.example"
    assert urlsplit(found).path.startswith("/tenant/fhir")


@given(
    st.sampled_from(["evil.example", "ehr.example", "ehr.example:8443"]),
    st.lists(st.sampled_from(["tenant", "fhir", "..", "x"])),
)
def test_being_held_is_having_the_origin_and_beginning_with_the_segments(host: str, path: list[str]) -> None:
    url = f"https://{host}/{'/'.join(path)}"
    if ".." in path:
        with pytest.raises(LinkRefused):
            place_of(url)
    else:
        expected = host == "ehr.example" and path[:2] == ["tenant", "fhir"]
        assert place_of(BASE).holds(place_of(url)) is expected


def test_a_refusal_names_no_more_than_the_host() -> None:
    with pytest.raises(LinkRefused) as refused:
        next_page("https://evil.example/Patient/secret-id?name=Smith", FETCHED, BASE)
    assert "evil.example" in str(refused.value)
    assert "secret-id" not in str(refused.value)
    assert "Smith" not in str(refused.value)


def test_a_link_that_resolves_to_no_place_is_refused() -> None:
    with pytest.raises(LinkRefused):
        resolved("mailto:someone@evil.example", FETCHED)
