"""Generated source answers exactly what `fhirpathpy` answers, on every expression and on resources of any shape."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.errors import ProfileError
from extractors.fhirpath import Criteria, compile_criteria, compile_path, is_true, source_of
from extractors.fhirpath.reference import reference
from extractors.profile import load_profile
from tests.extractors.profile_expressions import Json, expressions, resources

EACH = 4


def said(path: Callable[[Json], list[Any]], resource: Json) -> str:
    """An answer with the types of its values, or what was raised."""
    try:
        return repr(path(resource))
    except Exception as problem:  # the reference raises bare exceptions, and so must what is compiled
        return type(problem).__name__


def variants(resource: Json) -> Iterator[Json]:
    """A resource, and the same without each of its elements in turn."""
    yield resource
    yield from ({k: v for k, v in resource.items() if k != name} for name in resource if name != "resourceType")


@pytest.mark.parametrize("kind", sorted(expressions()))
def test_every_expression_of_a_profile_answers_like_the_reference_on_every_fixture(kind: str) -> None:
    asked = [(text, compile_path(text), reference(text)) for text in expressions()[kind]]
    for number, resource in enumerate(resources(kind)):
        for each in variants(resource) if number < EACH else [resource]:
            for text, compiled, judge in asked:
                assert said(compiled, each) == said(judge, each), (text, each)


@pytest.mark.parametrize("kind", sorted(expressions()))
def test_every_expression_of_a_profile_is_generated_source(kind: str) -> None:
    assert [text for text in expressions()[kind] if source_of(text, kind) is None] == []


@pytest.mark.parametrize("kind", sorted(load_profile("generic").selectors))
def test_the_selectors_of_a_type_are_asked_together_as_one_by_one(kind: str) -> None:
    texts = [selector.texts["where"] for selector in load_profile("generic").selectors[kind]]
    together, judges = compile_criteria(texts, kind), [reference(text) for text in texts]
    for number, resource in enumerate(resources(kind)):
        for each in variants(resource) if number < EACH else [resource]:
            assert together(each) == [place for place, judge in enumerate(judges) if is_true(judge(each))], each


def test_codes_of_one_element_are_one_look_up() -> None:
    texts = [f"code.coding.where(system = 's' and code = '{code}').exists()" for code in "aab"]
    holding = compile_criteria([*texts, "code.coding.where(code = 'b').exists()", "status = 'x'"], "Task")

    def found(*codings: tuple[str, str]) -> list[int]:
        stated = [{"system": system, "code": code} for system, code in codings]
        return holding({"resourceType": "Task", "code": {"coding": stated}})

    assert found(("s", "a")) == [0, 1]
    assert found(("s", "b"), ("s", "a")) == [0, 1, 2, 3]
    assert found(("t", "b")) == [3]
    assert found(("t", "a")) == found() == []


ASKED = [
    "name.family",
    "name.given.first()",
    "name.given.last()",
    "name[1].given[0]",
    "name.where(use = 'official').family",
    "name.where(use = 'official' or use = 'usual' or use = 'old').given",
    "name.where(given.exists() and family = 'F').exists()",
    "name.exists(use != 'old')",
    "name.all(use = 'official')",
    "name.all(given)",
    "name.where(family).use",
    "name.where(given in ('F' | 'G')).use",
    "name.given.count() > 1",
    "name.given.join(',')",
    "(name.given | name.family)",
    "(name.family | name.given | gender).first()",
    "gender in ('male' | 'female')",
    "gender = 'male' or gender = 'female'",
    "gender != 'male'",
    "gender.matches('^m.*e$')",
    "gender.startsWith('m') or active",
    "gender.startsWith('m') and gender.endsWith('e')",
    "gender.contains('al').not()",
    "gender.empty()",
    "active.not()",
    "active = true",
    "active and name.exists()",
    "(active or gender = 'male').not()",
    "where(active.exists().not() or active = true).name.family",
    "where(name.use = 'old').exists()",
    "iif(active, gender, name.use)",
    "iif(name.all(use.matches('o')), 'all', iif(gender = 'male', gender))",
    "deceased.ofType(boolean) = true",
    "deceased.ofType(dateTime)",
    "deceased.exists()",
    "multipleBirth.ofType(integer) > 1",
    "multipleBirth.ofType(integer) <= 1.5",
    "multipleBirth = 1.5",
    "Patient.gender",
    "Observation.gender",
    "extension('urn:a').value.ofType(code)",
    "extension.where(url = 'urn:a').value.ofType(Coding).code",
    "extension('urn:a').extension('urn:b').value",
    "extension.value.ofType(FHIR.string)",
    "name.extension('urn:a').exists()",
    "link.other.getReferenceKey(Patient) = getResourceKey()",
    "contact.name.family | name.family",
    "contact.name.ofType(HumanName).use",
    "id.ofType(System.String)",
    "contact.period.start",
    "contact.where($this.gender = 'male').name",
    "gender = name.use",
    "{}.exists() or active",
    "contained.id",
    "(name | contact.name).use",
    "name.where(false)",
    "'a' in ('a' | 'b')",
    "name.use = ('a' | 'b')",
]
PAIRS = cache(lambda text: (compile_path(text), reference(text)))
NAMES = sorted({word for text in ASKED for word in re.findall(r"\b[a-z]\w+", text)} - {"resourceType"})
PRIMITIVES = st.sampled_from(
    ["male", "official", "old", "F", "G", "", "urn:a", "urn:b", True, False, 0, 1, 2, 1.5, 0.1, None]
)


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Objects with some names that expressions ask for."""
    return st.dictionaries(
        st.one_of(
            st.sampled_from(NAMES), st.sampled_from(["_gender", "_given", "resourceType", "valueCode", "valueCoding"])
        ),
        values,
        max_size=5,
    )


VALUES = st.recursive(PRIMITIVES, lambda inner: st.one_of(objects(inner), st.lists(inner, max_size=3)), max_leaves=12)
EXTENSIONS = st.lists(
    st.fixed_dictionaries(
        {"url": st.sampled_from(["urn:a", "urn:b"])},
        optional={
            "valueCode": PRIMITIVES,
            "valueString": PRIMITIVES,
            "_valueCode": VALUES,
            "valueCoding": st.fixed_dictionaries({"code": PRIMITIVES}),
            "extension": st.lists(
                st.fixed_dictionaries({"url": st.just("urn:b"), "valueString": PRIMITIVES}), max_size=2
            ),
        },
    ),
    max_size=2,
)
HUMAN = st.fixed_dictionaries(
    {},
    optional={
        "use": st.sampled_from(["official", "usual", "old"]),
        "family": st.sampled_from(["F", "G"]),
        "given": st.lists(st.sampled_from(["F", "G", "male"]), max_size=3),
        "extension": EXTENSIONS,
    },
)
USUAL: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["1", "2"]),
    "active": st.booleans(),
    "gender": st.sampled_from(["male", "female"]),
    "name": st.lists(HUMAN, max_size=3),
    "deceasedBoolean": st.booleans(),
    "deceasedDateTime": st.just("2026"),
    "multipleBirthInteger": st.integers(0, 2),
    "extension": EXTENSIONS,
    "contact": st.lists(st.fixed_dictionaries({}, optional={"gender": st.just("male"), "name": HUMAN}), max_size=2),
    "link": st.lists(st.fixed_dictionaries({"other": st.just({"reference": "Patient/1"})}), max_size=2),
    "contained": st.lists(st.fixed_dictionaries({"resourceType": st.just("Patient"), "id": st.just("c")}), max_size=2),
}
PATIENTS = st.one_of(
    st.fixed_dictionaries({"resourceType": st.just("Patient")}, optional=USUAL),
    st.fixed_dictionaries(
        {"resourceType": st.just("Patient")}, optional={name: VALUES for name in [*USUAL, "_gender"]}
    ),
)


@settings(max_examples=60, deadline=None)
@given(resource=PATIENTS)
def test_any_resource_is_answered_like_the_reference(resource: Json) -> None:
    for text in ASKED:
        compiled, judge = PAIRS(text)
        assert said(compiled, resource) == said(judge, resource), text


@settings(max_examples=40, deadline=None)
@given(resource=objects(VALUES))
def test_what_is_no_resource_is_answered_like_the_reference(resource: Json) -> None:
    for text in ASKED[:12]:
        compiled, judge = PAIRS(text)
        assert said(compiled, resource) == said(judge, resource), text


@settings(max_examples=60, deadline=None)
@given(resource=PATIENTS)
def test_criteria_are_asked_together_as_one_by_one(resource: Json) -> None:
    asked = tuple(text for text in ASKED if said(compile_path(text), resource)[0] == "[")
    found = [asked[place] for place in compile_criteria_once(asked)(resource)]
    assert found == [text for text in asked if is_true(compile_path(text)(resource))]


@cache
def compile_criteria_once(texts: tuple[str, ...]) -> Criteria:
    return compile_criteria(texts, "Patient")


def test_an_expression_is_asked_of_each_type_by_that_types_own_elements() -> None:
    path = compile_path("value.ofType(code) | effective.ofType(dateTime)")
    assert path({"resourceType": "Observation", "effectiveDateTime": "2026", "valueCode": "no"}) == ["2026"]
    assert path({"resourceType": "Encounter", "effectiveDateTime": "2026"}) == []


def test_an_answer_that_its_reader_changes_is_whole_for_the_next() -> None:
    path, resource = (
        compile_path("gender | name"),
        {"resourceType": "Patient", "gender": "male", "name": [{"use": "old"}]},
    )
    found = path(resource)
    found[1].clear()
    found.clear()
    assert path(resource) == ["male", {"use": "old"}]


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("children().exists()", "column 1: children()"),
        ("name.repeat(given)", "column 6: repeat()"),
        ("name.where(family.replaceMatches('a', 'b') = 'c')", "column 19: replaceMatches()"),
        ("%context.gender", "column 1: %"),
        ("birthDate > @2020", "column 13: @2020"),
        ("deceased is boolean", "column 1: is"),
        ("1 + 1 = 2", "column 1: +"),
        ("gender ~ 'MALE'", "column 1: ~"),
        ("active xor true", "column 1: xor"),
        ("gender.matches(id)", "column 16: matches() of something else than 'text'"),
        ("gender.matches('(')", "column 16: expected a regular expression, got one with missing )"),
        ("name.first(1)", "column 6: first() of 1 arguments"),
        ("name[id]", "column 6: an index that is no number"),
        ("now() > 'a'", "column 1: now()"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place(expression: str, place: str) -> None:
    with pytest.raises(ProfileError, match=re.escape(f"got a fault at {place}")):
        compile_path(expression)


def test_several_equality_tests_of_one_element_are_one_look_up() -> None:
    source = source_of("status = 'a' or status = 'b' or status = 'c'", "Encounter") or ""
    assert source.count("x.get(") == source.count("equals_one(") == 1


def test_a_path_too_deep_for_python_is_left_to_the_reference() -> None:
    nested: Json = {"url": "urn:a", "valueCode": "x"}
    for _ in range(30):
        nested = {"url": "urn:a", "extension": [nested]}
    patient = {"resourceType": "Patient", "extension": [nested]}
    assert compile_path("extension." * 31 + "value")(patient) == ["x"]


@pytest.mark.parametrize("text", ["'); raise SystemExit  #", '"""', "\\ ' + x + '", "{x}", "‮"])
def test_the_text_of_an_expression_stays_text_in_the_source(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert compile_path(f"gender = '{quoted}'")({"resourceType": "Patient", "gender": text}) == [True]
