"""A crawl of a server that loops, lies, forgets, breaks off and points elsewhere: nothing wrong in, nothing right lost.

Every case ends in a state of the ledger that says what happened, and leaves the other searches alone.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from extractors.errors import Unreachable
from extractors.sources.queries import BOUNDS, SignInNeeded
from tests.crawl.scripted import QUERY, Asked, Raw, Scripted, crawled, entry, fingerprint, keys, reading, states
from tests.extractors.practice import prescription, ref, resource, transmission

ORDERS = "MedicationRequest?patient=p&"
BOTH = {"MedicationRequest/rx-1", "MedicationRequest/rx-2"}
RX_1, RX_2 = prescription("rx-1"), prescription("rx-2", on="2026-03-03T10:00:00-05:00")
SENT = transmission("rx-1")


def test_an_honest_server_is_read_whole(server: Scripted, tmp_path: Path) -> None:
    found = crawled(server, tmp_path / "c")

    assert (found.patients, found.faults, found.not_whole) == (2, (), ())
    assert keys(tmp_path / "c") == {
        *BOTH,
        *("MedicationRequest/rx-q", "Provenance/rx-1-sent", "Provenance/rx-q-sent", "Task/task", "Encounter/seen"),
        *("Patient/p", "Patient/q", "Practitioner/c", "PractitionerRole/c-at-a", "Organization/a"),
    }


@pytest.mark.requirement("R51")
@pytest.mark.parametrize("second", [ORDERS + "page=1", ORDERS + "page=2"], ids=["to itself", "A-B-A"])
def test_pages_that_lead_back_end_and_are_partial(server: Scripted, tmp_path: Path, second: str) -> None:
    back = ORDERS + "page=1"
    server.says(ORDERS + "page=2", server.page(ORDERS, RX_2, further=back))
    server.says(ORDERS + "page=1", server.page(ORDERS, RX_2, further=second))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=back))
    found = crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "partial"
    assert keys(tmp_path / "c") >= BOTH
    assert [row["type"] for row in found.not_whole] == ["MedicationRequest"]
    assert len(server.asked(ORDERS)) < 8


@pytest.mark.requirement("R51")
def test_the_same_page_under_ever_new_addresses_is_partial(server: Scripted, tmp_path: Path) -> None:
    number = iter(range(1000))
    server.scripts.append(
        lambda asked: (
            server.page(ORDERS + "_revinclude=x", RX_1, further=f"{ORDERS}cursor={next(number)}")
            if asked.text.startswith(ORDERS)
            else None
        )
    )
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0] == ("partial", "its pages repeat")
    assert len(server.asked(ORDERS)) <= 6


@pytest.mark.requirement("R51")
def test_pages_without_end_end_at_the_limit(server: Scripted, tmp_path: Path) -> None:
    number = iter(range(10_000))
    server.scripts.append(
        lambda asked: (
            server.page(ORDERS + "_revinclude=x", further=f"{ORDERS}cursor={next(number)}")
            if asked.text.startswith(ORDERS)
            else None
        )
    )
    crawled(server, tmp_path / "c", bounds=replace(BOUNDS, pages=30))

    assert states(tmp_path / "c", "MedicationRequest") == [("partial", "its pages do not end")]
    assert len(server.asked(ORDERS)) <= 31


@pytest.mark.requirement("R51")
def test_a_search_that_takes_too_long_ends_at_the_limit(server: Scripted, tmp_path: Path) -> None:
    seconds = iter(range(0, 100_000, 40))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, further=ORDERS + "page=2"))
    crawled(server, tmp_path / "c", bounds=replace(BOUNDS, seconds=30, clock=lambda: float(next(seconds))))

    assert states(tmp_path / "c", "MedicationRequest")[0] == ("partial", "its pages do not end")


@pytest.mark.requirement("R51")
def test_empty_pages_before_the_rest_lose_nothing(server: Scripted, tmp_path: Path) -> None:
    for number in range(40, 0, -1):
        further = f"{ORDERS}page={number + 1}." if number < 40 else ""
        server.says(f"{ORDERS}page={number}.", server.page(ORDERS, *([] if further else [RX_1, RX_2]), further=further))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", along=[SENT], further=f"{ORDERS}page=1."))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]
    assert keys(tmp_path / "c") >= BOTH


@pytest.mark.requirement("R53")
@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_search_that_the_server_forgot_begins_again(server: Scripted, tmp_path: Path, status: int) -> None:
    page_2 = server.page(ORDERS, RX_2)
    server.says(ORDERS + "page=2", Raw(status), page_2)
    stale = prescription("stale")
    first = server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=ORDERS + "page=2")
    server.says(
        ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, stale, along=[SENT], further=ORDERS + "page=2"), first
    )
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]
    assert keys(tmp_path / "c") >= BOTH
    assert "MedicationRequest/stale" not in keys(tmp_path / "c")


@pytest.mark.requirement("R53")
def test_a_search_that_is_forgotten_again_and_again_fails(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS + "page=2", Raw(410))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, further=ORDERS + "page=2"))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest") == [("failed", "its pages expire before they are read")]
    assert len(server.asked(ORDERS + "page=2")) == 4


@pytest.mark.requirement("R72")
def test_a_further_page_that_is_refused_keeps_what_came_and_says_so(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS + "page=2", Raw(403))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=ORDERS + "page=2"))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "failed"
    assert "MedicationRequest/rx-1" in keys(tmp_path / "c")


@pytest.mark.requirement("R28", "R72")
def test_a_token_that_ends_in_between_is_read_anew(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")

    def script(asked: Asked) -> Raw | None:
        if len(server.heard) == 9:
            file.write_text("second")
        good = "first" if len(server.heard) < 9 else "second"
        return None if asked.bearer == f"Bearer {good}" else Raw(401)

    server.scripts.append(script)
    found = crawled(server, tmp_path / "c", token_file=file)

    assert (found.faults, found.not_whole) == ((), ())
    assert keys(tmp_path / "c") >= BOTH


@pytest.mark.requirement("R72")
def test_a_token_that_nobody_renews_stops_the_crawl_and_the_next_goes_on(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    server.scripts.append(lambda asked: Raw(401) if len(server.heard) > 9 and asked.bearer == "Bearer first" else None)
    with pytest.raises(SignInNeeded, match="what was read is kept"):
        crawled(server, tmp_path / "c", token_file=file)
    assert len(server.heard) < 30

    file.write_text("second")
    found = crawled(server, tmp_path / "c", token_file=file)
    assert (found.faults, found.not_whole) == ((), ())
    assert not [path for path in (tmp_path / "c").rglob("*") if path.is_file() and b"second" in path.read_bytes()]


@pytest.mark.requirement("R72")
def test_a_type_that_alone_is_answered_with_401_is_withheld(server: Scripted, tmp_path: Path) -> None:
    server.says("Task?", Raw(401))
    found = crawled(server, tmp_path / "c")

    assert [(row["type"], row["state"].partition(":")[0]) for row in found.not_whole] == [("Task", "withheld")]


@pytest.mark.requirement("R70")
@pytest.mark.parametrize("times", [1, 100], ids=["once", "always"])
def test_a_page_that_breaks_off_is_asked_for_again(server: Scripted, tmp_path: Path, times: int) -> None:
    whole = json.dumps(server.page(ORDERS + "_revinclude=x", RX_1, RX_2, along=[SENT])).encode()
    server.says(ORDERS, *[Raw(200, whole[:-30])] * times, Raw(200, whole))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == ("complete" if times == 1 else "failed")
    assert (keys(tmp_path / "c") >= BOTH) == (times == 1)


@pytest.mark.requirement("R72")
def test_a_body_shorter_than_announced_is_no_answer(server: Scripted, tmp_path: Path) -> None:
    whole = json.dumps(server.page(ORDERS, RX_1)).encode()
    server.says(ORDERS, Raw(200, whole, length=len(whole) + 10))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "failed"
    assert not keys(tmp_path / "c") & BOTH


@pytest.mark.requirement("R70")
def test_an_operation_outcome_in_place_of_a_page_is_a_failure_and_no_empty_answer(
    server: Scripted, tmp_path: Path
) -> None:
    server.says(ORDERS, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]})
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "failed"


@pytest.mark.requirement("R70")
def test_an_error_beside_the_matches_makes_them_partial(server: Scripted, tmp_path: Path) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
    page = server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT])
    server.says(ORDERS, {**page, "entry": [*page["entry"], entry(outcome, "outcome")]})
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "partial"
    assert "MedicationRequest/rx-1" in keys(tmp_path / "c")


@pytest.mark.requirement("R71", "R72")
def test_another_patients_records_are_left_out_and_told(server: Scripted, tmp_path: Path) -> None:
    strange = prescription("rx-stranger", subject=ref("Patient/stranger"))
    came_along = resource("Encounter", "strange", subject=ref("Patient/stranger"))
    other_type = resource("Task", "other", **{"for": ref("Patient/p")})
    page = server.page(ORDERS + "_revinclude=x", RX_1, strange, other_type, RX_2, along=[SENT, came_along])
    server.says(ORDERS, page)
    found = crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "unproven"
    assert keys(tmp_path / "c") >= BOTH | {"Provenance/rx-1-sent"}
    assert not keys(tmp_path / "c") & {"MedicationRequest/rx-stranger", "Encounter/strange", "Task/other"}
    assert [row["left_out"] for row in found.not_whole] == [3]


@pytest.mark.requirement("R72")
def test_a_record_that_does_not_say_whose_it_is_leaves_a_doubt(server: Scripted, tmp_path: Path) -> None:
    nobodys = {key: value for key, value in RX_2.items() if key != "subject"}
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, nobodys, along=[SENT]))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0] == ("unproven", "a record does not say whose it is")


@pytest.mark.requirement("R72")
def test_a_type_that_is_refused_is_withheld_and_the_others_are_read(server: Scripted, tmp_path: Path) -> None:
    server.says("MedicationRequest?", Raw(403))
    found = crawled(server, tmp_path / "c")

    assert [(row["type"], row["state"].partition(":")[0]) for row in found.not_whole] == [
        ("MedicationRequest", "withheld")
    ]
    assert keys(tmp_path / "c") >= {"Task/task", "Encounter/seen"}


def test_a_type_that_the_server_neither_lists_nor_has_is_asked_for_once(server: Scripted, tmp_path: Path) -> None:
    server.says("Immunization?", Raw(404))
    found = crawled(server, tmp_path / "c", cohort=replace(QUERY, listed=("p", "q", "r", "s", "t")))

    assert found.not_whole == ()
    assert len(server.asked("Immunization?")) <= 2  # one a lane


@pytest.mark.requirement("R52")
def test_a_total_that_is_too_small_loses_nothing(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, RX_2, along=[SENT], total=1))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]
    assert keys(tmp_path / "c") >= BOTH


@pytest.mark.requirement("R52")
def test_a_total_that_is_too_large_is_a_sign_that_something_is_missing(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, RX_2, along=[SENT], total=3))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "partial"


@pytest.mark.requirement("R52", "R53")
def test_a_record_on_two_pages_is_one_and_the_pages_are_read_again(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS + "page=2", server.page(ORDERS, RX_1, RX_2))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=ORDERS + "page=2"))
    crawled(server, tmp_path / "c")
    fresh = tmp_path / "fresh"
    server.scripts.clear()
    crawled(server, fresh)

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]
    assert fingerprint(tmp_path / "c") == fingerprint(fresh)


@pytest.mark.requirement("R53")
def test_pages_that_change_between_two_readings_are_unproven_and_none_is_lost(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS + "page=2", server.page(ORDERS, RX_1), server.page(ORDERS, RX_2))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=ORDERS + "page=2", total=2))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0] == (
        "unproven",
        "its pages change from one reading to the next",
    )
    assert keys(tmp_path / "c") >= BOTH


@pytest.mark.requirement("R53")
def test_a_server_that_skips_a_row_between_pages_is_caught_by_its_own_count(server: Scripted, tmp_path: Path) -> None:
    server.says(ORDERS + "_summary=count", {"resourceType": "Bundle", "type": "searchset", "total": 3})
    server.scripts.append(
        lambda asked: (
            {"resourceType": "Bundle", "type": "searchset", "total": 3}
            if asked.text.startswith(ORDERS) and "_summary" in asked.parameters
            else None
        )
    )
    server.says(ORDERS + "page=2", server.page(ORDERS, RX_2))
    server.scripts.append(
        lambda asked: (
            server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=ORDERS + "page=2")
            if asked.text.startswith(ORDERS)
            else None
        )
    )
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "partial"
    assert keys(tmp_path / "c") >= BOTH


@pytest.mark.requirement("R41", "R44")
def test_a_next_page_on_another_host_is_not_asked_for_and_what_came_is_kept(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret")
    elsewhere = server.base.replace("127.0.0.1", "localhost")
    server.says(
        ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=f"{elsewhere}/{ORDERS}page=2")
    )
    crawled(server, tmp_path / "c", token_file=file)

    assert states(tmp_path / "c", "MedicationRequest")[0][0] == "failed"
    assert "MedicationRequest/rx-1" in keys(tmp_path / "c")
    assert server.asked(ORDERS + "page=2") == []


def test_an_alias_of_the_server_may_hold_further_pages(server: Scripted, tmp_path: Path) -> None:
    alias = server.base.replace("127.0.0.1", "localhost")
    server.says(ORDERS + "page=2", server.page(ORDERS, RX_2))
    server.says(ORDERS, server.page(ORDERS + "_revinclude=x", RX_1, along=[SENT], further=f"{alias}/{ORDERS}page=2"))
    crawled(server, tmp_path / "c", aliases=(alias,))

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]


@pytest.mark.requirement("R71")
@pytest.mark.parametrize("how", ["not listed", "refused", "not said to be done"])
def test_provenance_that_does_not_come_along_is_searched_for(server: Scripted, tmp_path: Path, how: str) -> None:
    crawled(server, tmp_path / "along")
    if how == "not listed":
        server.revincludes = False
    elif how == "refused":
        server.scripts.append(lambda asked: Raw(400) if "_revinclude" in asked.parameters else None)
    else:
        server.scripts.append(
            lambda asked: (
                server.page(asked.text.partition("&")[0], *_honest(server, asked.text))
                if "_revinclude" in asked.parameters
                else None
            )
        )
    found = crawled(server, tmp_path / "c")

    assert found.not_whole == ()
    assert fingerprint(tmp_path / "c") == fingerprint(tmp_path / "along")


def _honest(server: Scripted, text: str) -> list[dict[str, object]]:
    kind, _, query = text.partition("?")
    about = query.partition("&")[0].partition("=")[2]
    of_kind = [one for one in server.resources if one["resourceType"] == kind]
    key = {"reference": f"Patient/{about}"}
    return [one for one in of_kind if key in (one.get("subject"), one.get("for")) or one["id"] == about]


def test_evidence_about_other_records_than_asked_is_left_out(server: Scripted, tmp_path: Path) -> None:
    server.revincludes = False
    server.says("Provenance?", server.page("Provenance?", SENT, transmission("rx-stranger")))
    found = crawled(server, tmp_path / "c")

    assert found.not_whole == ()
    assert "Provenance/rx-1-sent" in keys(tmp_path / "c")
    assert "Provenance/rx-stranger-sent" not in keys(tmp_path / "c")


def test_a_server_that_stops_answering_stops_the_crawl(server: Scripted, tmp_path: Path) -> None:
    server.scripts.append(lambda asked: Raw(200, b"<html>") if asked.text != "metadata" else None)
    with pytest.raises(Unreachable, match="times in a row"):
        crawled(server, tmp_path / "c", cohort=replace(QUERY, listed=tuple(f"p{n}" for n in range(9))))

    server.scripts.clear()
    found = crawled(server, tmp_path / "c", cohort=replace(QUERY, listed=tuple(f"p{n}" for n in range(9))))
    assert found.not_whole == ()


def test_what_a_reference_leads_to_is_read_from_this_server_alone(server: Scripted, tmp_path: Path) -> None:
    away = prescription("rx-away", requester=ref("https://elsewhere.example/fhir/Practitioner/x"))
    gone = prescription("rx-gone", requester=ref("Practitioner/gone"))
    server.resources += [away, gone]
    found = crawled(server, tmp_path / "c")

    assert found.not_whole == ()
    assert [text for text in server.asked("Practitioner/") if "x" in text] == []
    with reading(tmp_path / "c") as read:
        rows = [row for row in read.ledger if row["query"] == "related" and row["state"].startswith("absent")]
    assert [(row["type"], row["reasons"]) for row in rows] == [("Practitioner", ["there is no such resource"])]
