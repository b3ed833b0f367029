"""What a grant lets us read, in either spelling, and the least to ask for (R21, R22, R38)."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartapp.smart.scopes import LEVELS, Access, Level, granted, requested

RISING = [Access.NOT_GRANTED, Access.RESTRICTED, Access.READABLE]
TYPES = ["Encounter", "MedicationRequest", "Observation", "Patient", "Practitioner", "PractitionerRole"]

levels = st.sampled_from(LEVELS)
types = st.sampled_from(TYPES)
verbs = st.sampled_from(["read", "write", "*", "c", "r", "s", "rs", "cud", "cruds", "sr", "x", ""])
restrictions = st.sampled_from(["", "", "", "?category=laboratory", "?"])
words = st.builds("{}/{}.{}{}".format, levels, types | st.just("*"), verbs, restrictions)
others = st.sampled_from(["openid", "fhirUser", "launch", "offline_access", "user/", "vendor.word"]) | st.text(
    "a/.*?", max_size=8
)
scope_lists = st.lists(words | others, max_size=8)


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("user/Observation.read", Access.READABLE),
        ("user/Observation.rs", Access.READABLE),
        ("user/Observation.cruds", Access.READABLE),
        ("user/Observation.*", Access.READABLE),
        ("user/*.read", Access.READABLE),
        ("user/*.rs", Access.READABLE),
        ("user/*.*", Access.READABLE),
        ("patient/Observation.rs", Access.READABLE),
        ("system/*.cruds", Access.READABLE),
        ("user/Observation.r user/Observation.s", Access.READABLE),
        ("user/Observation.r user/*.s", Access.READABLE),
        ("user/Observation.rs?category=laboratory user/Observation.rs", Access.READABLE),
        ("user/Observation.r", Access.RESTRICTED),
        ("user/Observation.s", Access.RESTRICTED),
        ("user/Observation.cud user/Observation.cr", Access.RESTRICTED),
        ("user/Observation.rs?category=laboratory", Access.RESTRICTED),
        ("user/*.rs?_security=N", Access.RESTRICTED),
        ("user/Observation.rs?category=a user/Observation.rs?category=b", Access.RESTRICTED),
        ("user/Observation.rs?category=a user/Observation.r", Access.RESTRICTED),
        ("user/Observation.r patient/Observation.s", Access.RESTRICTED),
        ("user/Observation.write", Access.NOT_GRANTED),
        ("user/Observation.cud", Access.NOT_GRANTED),
        ("user/Observation.cud?category=laboratory", Access.NOT_GRANTED),
        ("user/ObservationDefinition.rs", Access.NOT_GRANTED),
        ("user/Patient.rs", Access.NOT_GRANTED),
        ("openid fhirUser launch", Access.NOT_GRANTED),
        ("", Access.NOT_GRANTED),
        ("   ", Access.NOT_GRANTED),
        (None, Access.UNKNOWN),
    ],
)
def test_a_grant_is_readable_restricted_or_nothing(text: str | None, access: Access) -> None:
    assert granted(text).access("Observation") is access


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    "word",
    [
        "user/Observation.sr",
        "user/Observation.rr",
        "user/Observation.dus",
        "user/Observation.",
        "user/Observation.Read",
        "user/Observation.RS",
        "user/Observation.rs?",
        "user/Observation.read?category=laboratory",
        "user/Observation.*?category=laboratory",
        "user/Observation",
        "user/observation.rs",
        "user/.rs",
        "user/**.rs",
        "USER/Observation.rs",
        "practice/Observation.rs",
        "/Observation.rs",
        "Observation.rs",
        "user/Observation.rs,user/Observation.read",
        "user/Observation.rs\u00a0user/Observation.read",
        "xuser/Observation.rs",
        "*",
        "*/*.*",
    ],
)
def test_a_scope_that_is_not_understood_is_kept_and_grants_nothing(word: str) -> None:
    found = granted(word)

    assert found.access("Observation") is Access.NOT_GRANTED
    assert found.others == {word}


@pytest.mark.requirement("R22")
def test_a_level_may_be_asked_for_alone() -> None:
    found = granted("patient/Observation.rs user/Observation.r system/Patient.rs")

    assert found.access("Observation", "patient") is Access.READABLE
    assert found.access("Observation", "user") is Access.RESTRICTED
    assert found.access("Observation", "system") is Access.NOT_GRANTED
    assert found.access("Observation") is Access.READABLE


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("patient/Observation.rs", True),
        ("patient/*.read", True),
        ("patient/Observation.r", True),
        ("patient/Observation.rs user/Patient.rs", True),
        ("patient/Observation.rs user/Observation.r", True),
        ("patient/Observation.rs user/Observation.cud", True),
        ("patient/Observation.rs user/Observation.rs", False),
        ("patient/Observation.rs user/*.read", False),
        ("patient/Observation.rs system/*.rs", False),
        ("patient/Observation.r user/Observation.rs", False),
        ("patient/Observation.cud", False),
        ("user/Observation.rs", False),
        ("", False),
        (None, False),
    ],
)
def test_access_that_holds_for_the_launch_patient_alone_is_told_apart(text: str | None, alone: bool) -> None:
    assert granted(text).patient_only("Observation") is alone


def test_the_words_of_context_and_identity_are_read() -> None:
    everything = granted("launch openid fhirUser offline_access")
    nothing = granted("launch/patient online_access user/*.rs")

    assert (everything.launch, everything.openid, everything.fhir_user, everything.offline) == (True,) * 4
    assert (nothing.launch, nothing.openid, nothing.fhir_user, nothing.offline) == (False,) * 4
    assert granted("openid profile").fhir_user


@pytest.mark.requirement("R21")
def test_an_empty_grant_is_not_a_grant_that_was_not_told() -> None:
    assert granted("").known
    assert not granted(None).known
    assert granted("") != granted(None)


@pytest.mark.requirement("R22")
@given(scope_lists, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_a_grant(scopes: list[str], chance: object) -> None:
    shuffled = [*scopes, *scopes[:2]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert granted(" ".join(shuffled)) == granted(" \n".join(scopes))


@pytest.mark.requirement("R22")
@given(scope_lists, words | others, types, levels | st.just("any"))
def test_a_further_scope_never_lowers_access(
    scopes: list[str], further: str, kind: str, level: Level | Literal["any"]
) -> None:
    before, after = granted(" ".join(scopes)), granted(" ".join([*scopes, further]))

    assert RISING.index(after.access(kind, level)) >= RISING.index(before.access(kind, level))


@pytest.mark.requirement("R22")
@given(
    st.lists(
        st.tuples(levels, types | st.just("*"), st.sampled_from([("read", "rs"), ("write", "cud"), ("*", "cruds")]))
    )
)
def test_both_versions_of_a_scope_mean_the_same(asked: list[tuple[str, str, tuple[str, str]]]) -> None:
    older = granted(" ".join(f"{level}/{kind}.{verb}" for level, kind, (verb, _) in asked))
    newer = granted(" ".join(f"{level}/{kind}.{letters}" for level, kind, (_, letters) in asked))

    assert older == newer


@pytest.mark.requirement("R22", "R38")
@given(st.sets(types), st.sampled_from(["v1", "v2"]), levels)
def test_what_is_asked_for_reads_every_type_asked_and_no_other(
    asked: set[str], version: Literal["v1", "v2"], level: Level
) -> None:
    text = requested(asked, version=version, level=level, extra=["openid", "launch"])
    found = granted(text)

    assert {kind for kind in [*TYPES, "Binary", "*"] if found.access(kind) is Access.READABLE} == asked
    assert {kind for kind in [*TYPES, "Binary", "*"] if found.access(kind) is not Access.NOT_GRANTED} == asked
    assert all(scope.letters == {"r", "s"} and scope.level == level for scope in found.scopes)
    assert text.split(" ") == sorted(set(text.split(" ")))


@pytest.mark.requirement("R22")
@given(st.text(), st.text())
def test_no_text_makes_the_reading_of_a_grant_fail(text: str, kind: str) -> None:
    found = granted(text)

    assert found.access(kind) in RISING
    assert not found.patient_only(kind) or "patient/" in text


@pytest.mark.requirement("R38")
def test_the_least_is_asked_for_in_a_fixed_order() -> None:
    asked, extra = ["Patient", "Encounter", "Patient"], ["openid", "launch", "fhirUser"]

    assert requested(asked, version="v2", extra=extra) == "fhirUser launch openid user/Encounter.rs user/Patient.rs"
    assert requested(asked, version="v1", level="system") == "system/Encounter.read system/Patient.read"
    assert requested([], version="v2") == ""


@pytest.mark.requirement("R38")
@pytest.mark.parametrize("kind", ["*", "", "patient", "Patient.rs", "Patient.cruds user/Patient", "Patient?x=1"])
def test_a_wildcard_or_what_is_no_type_is_not_asked_for(kind: str) -> None:
    with pytest.raises(ValueError, match="expected names of resource types"):
        requested([kind], version="v2")


@pytest.mark.requirement("R38")
@pytest.mark.parametrize("word", ["user/*.*", "user/Patient.rs", "system/*.read", "launch openid", "vendor.word"])
def test_no_extra_brings_data_in_by_the_back_door(word: str) -> None:
    with pytest.raises(ValueError, match="expected names of resource types"):
        requested(["Patient"], version="v2", extra=[word])
