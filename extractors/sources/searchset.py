"""What a server's answer says about itself: whose records it holds, and what of the search was not carried out."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from extractors.decode import Json, Unreadable, read_object
from extractors.errors import GatewayError
from extractors.places import reference_url
from extractors.references import Scope, reference_key

NO_PROVENANCE = "the server does not say that it added Provenance to the search"
"""Why a search is not all of it on a server whose account of it leaves `_revinclude` out."""
_OF_WHOM = ("subject", "patient", "for")
_BESIDE_MATCHES = {"include", "outcome"}
_GRAVE = {"fatal", "error"}
_AMISS = {"too-costly", "invalid", "structure", "required", "value", "invariant"}
_AMISS |= {"security", "login", "unknown", "expired", "forbidden", "suppressed"}
_AMISS |= {"transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"}
"""Codes of issues (R4, issue-type) by which even a warning says that the search was not carried out as asked.
"""
_PERHAPS = {"not-supported", "processing", "business-rule"}
_VENDORS_OWN = {"4122", "59100", "4119", "4127", "4130", "4131", "4134"}
"""Codes of vendors by which an information says that a parameter was not understood, or was left out."""
_SUBSETTED = "SUBSETTED"
_NO_FILTERS = {"_count", "_include", "_revinclude", "_summary", "_total", "_sort", "_format"}
NOT_AS_ASKED = "the server warns that it did not carry out the search as it was asked"
INCOMPLETE = "the server sent entries without a resource, or only parts of one"
NOT_RECORDS = "the server sent among the records what is none"


def page_of(body: bytes) -> Json:
    """A page of search results.

    Raises:
        GatewayError: it is none, or not built like one.
    """
    try:
        page = read_object(body)
    except Unreadable as problem:
        raise GatewayError(f"expected a search result, got {problem}") from None
    parts = [page.get(name) or [] for name in ("entry", "link")]
    sound = all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in parts)
    if page.get("resourceType") != "Bundle" or page.get("type") != "searchset" or not sound:
        raise GatewayError("expected a search result, got something else")
    return page


def check_is(body: bytes, reference: str) -> None:
    """Refuse what is not the very resource that was asked for, such as an OperationOutcome in its place (R70).

    Raises:
        GatewayError: it is another one, or none.
    """
    try:
        resource = read_object(body)
    except Unreadable as problem:
        raise GatewayError(f"expected a resource, got {problem}") from None
    if f"{resource.get('resourceType')}/{resource.get('id')}" != reference_key({"reference": reference}, "", Scope()):
        raise GatewayError("expected the resource that was asked for, got something else")


def matches_of(page: Json) -> list[Json]:
    """The resources of a page that the search found, without what only came along."""
    return [
        resource
        for mode, resource in entries_in(page)
        if mode not in _BESIDE_MATCHES and resource.get("resourceType") != "OperationOutcome"
    ]


def keys_in(resources: Iterable[Json]) -> list[str]:
    """`Type/id` of each resource."""
    return [f"{resource.get('resourceType')}/{resource.get('id')}" for resource in resources]


def is_strange(resource: Json, whose: str, bases: Sequence[str]) -> bool:
    """Whether a resource is about anybody else than one patient (R23)."""
    return bool(subjects(resource, bases) - {whose})


def stated_total(page: Json) -> int:
    """How many matches the server says there are, 0 if it does not say: a sign that some are missing, never a count."""
    total = page.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else 0


def subjects(resource: Json, bases: Sequence[str] = ()) -> set[str]:
    """Whom a resource is about, as keys; empty for one that does not say.

    Args:
        resource: any.
        bases: of the server; whoever is on another one is somebody else, whatever the id. None are compared if empty.
    """
    if resource.get("resourceType") == "Patient":
        return {f"Patient/{resource.get('id')}"}
    found = [resource[name] for name in _OF_WHOM if isinstance(resource.get(name), dict)]
    texts = {str(reference.get("reference") or "") for reference in found}
    foreign = {t for t in texts if "://" in t and bases and not any(reference_url(t, base) for base in bases)}
    keys = {reference_key(reference, "", Scope()) for reference in found}
    return foreign | {key for key in keys if key is not None}


def reported(page: Json, url: str | None) -> str:
    """What an OperationOutcome in an answer that succeeded says is missing; never what it says in words (R70, R71).

    A warning that something of the search was not understood matters unless there are matches, and the server's own
    account of the search names every filter that was asked for at `url`; None: a warning never matters.
    """
    issues = _issues(page)
    if any(map(_is_amiss, issues)):
        return "the server reported an error within its answer"
    if url is None:
        return ""
    borne_out = bool(matches_of(page)) and _filters(url) <= _carried_out(page)
    return NOT_AS_ASKED if any(map(_is_perhaps, issues)) and not borne_out else ""


def unfit(page: Json) -> str:
    """Why a page does not hold all that it tells of: parts of resources, or none at all; empty if it does."""
    entries = page.get("entry") or []
    whole = all(isinstance(entry.get("resource"), dict) for entry in entries)
    return "" if whole and not any(_is_part(resource) for _, resource in entries_in(page)) else INCOMPLETE


def _is_part(resource: Json) -> bool:
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    found = tags if isinstance(tags, list) else []
    return any(isinstance(tag, dict) and tag.get("code") == _SUBSETTED for tag in found)


def is_no_record(mode: str, resource: Json) -> bool:
    """Whether an entry is something that no search gives: a Bundle, or any record in place of an OperationOutcome."""
    kind = resource.get("resourceType")
    return kind == "Bundle" or (mode == "outcome" and kind != "OperationOutcome")


def _issues(page: Json) -> list[Any]:
    issues: list[Any] = []
    for _, resource in entries_in(page):
        if resource.get("resourceType") == "OperationOutcome":
            found = resource.get("issue")
            issues += found if isinstance(found, list) else [None]
    return issues


def _is_perhaps(issue: Json) -> bool:
    if str(issue.get("code")) in _PERHAPS and str(issue.get("severity")) != "information":
        return True
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    found = codings if isinstance(codings, list) else []
    return any(isinstance(coding, dict) and str(coding.get("code")) in _VENDORS_OWN for coding in found)


def _filters(url: str) -> set[str]:
    return {name.partition(":")[0] for name in _parameters(url)} - _NO_FILTERS


def _is_amiss(issue: object) -> bool:
    if not isinstance(issue, dict):
        return True
    return str(issue.get("severity")) in _GRAVE or str(issue.get("code")) in _AMISS


def not_done(page: Json, url: str) -> str:
    """Whether the server, by its own account of the search, left out to add what was asked for (R71)."""
    wanted = {name for name in _parameters(url) if name == "_revinclude"}
    return "" if wanted <= _carried_out(page) else NO_PROVENANCE


def _carried_out(page: Json) -> set[str]:
    """The parameters that the server's own account of a search names."""
    said = [str(link.get("url") or "") for link in page.get("link") or [] if link.get("relation") == "self"]
    return {name.partition(":")[0] for text in said[:1] for name in _parameters(text)}


def _parameters(url: str) -> set[str]:
    try:
        return {name for name, _ in parse_qsl(urlsplit(url).query)}
    except ValueError:
        return set()


def entries_in(page: Json) -> Iterator[tuple[str, Json]]:
    """Each resource of a page, with its search mode."""
    for entry in page.get("entry") or []:
        if isinstance(entry.get("resource"), dict):
            search = entry.get("search")
            yield str(search.get("mode") or "match") if isinstance(search, dict) else "match", entry["resource"]
