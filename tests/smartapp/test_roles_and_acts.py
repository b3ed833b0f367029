"""Who may do what: the whole matrix of roles and acts, and how far each role reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.model import Reporter
from smartapp.people.access import ASSIGNABLE, Access, Act, Assigned, Role, allowed, is_user, may, may_see_patient

NPI, OTHER_NPI, TIN, OTHER_TIN = "1234567893", "1245319599", "111111111", "222222222"
OWN, OTHER, GROUP = Reporter(TIN, NPI), Reporter(TIN, OTHER_NPI), Reporter(TIN, None)
ELSEWHERE, NO_TIN = Reporter(OTHER_TIN, OTHER_NPI), Reporter(None, OTHER_NPI)
OF_A_REPORTER = {"see scores", "see cases", "answer", "attach documents", "download", "sign"}

EXPECTED = {
    Role.CLINICIAN: OF_A_REPORTER | {"start runs", "see the patient of a launch"},
    Role.STAFF: OF_A_REPORTER | {"start runs", "see the patient of a launch"},
    Role.ADMIN: {"see scores", "start runs", "see the audit trail", "manage people"},
    Role.AUDITOR: {"see scores", "see cases", "download", "see the audit trail"},
}


def person(role: Role, *tins: str) -> Access:
    if role is Role.CLINICIAN:
        return Access(NPI)
    return Access(None, (Assigned(role, frozenset(tins) if tins else None),))


@pytest.mark.requirement("R99")
@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, act: Act) -> None:
    assert may(person(role), act, OWN) == (act in EXPECTED[role])


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("reporter", [OTHER, GROUP, ELSEWHERE, NO_TIN, None])
def test_a_clinician_reaches_nobody_else_no_group_and_nothing_of_the_registration(
    act: Act, reporter: Reporter | None
) -> None:
    assert not may(person(Role.CLINICIAN), act, reporter)


@pytest.mark.parametrize("role", ASSIGNABLE)
def test_an_assignment_to_some_tins_reaches_their_clinicians_and_groups_and_no_others(role: Role) -> None:
    limited, whole = person(role, TIN), person(role)
    for reporter in (OWN, OTHER, GROUP):
        assert allowed(limited, reporter) == allowed(whole, reporter) != frozenset()
    for beyond in (ELSEWHERE, NO_TIN, None):
        assert allowed(limited, beyond) == frozenset()
        assert allowed(whole, beyond) != frozenset()


@pytest.mark.requirement("R99")
@pytest.mark.parametrize("tins", [(), (TIN,)])
@pytest.mark.parametrize("role", Role)
def test_a_launchs_patient_is_for_clinicians_and_staff_alone(role: Role, tins: tuple[str, ...]) -> None:
    assert may_see_patient(person(role, *tins)) is (role in (Role.CLINICIAN, Role.STAFF))
    assert not may_see_patient(Access())


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("reporter", [OWN, GROUP, NO_TIN, None])
def test_who_has_neither_npi_nor_assignment_may_do_nothing(act: Act, reporter: Reporter | None) -> None:
    assert not may(Access(), act, reporter)
    assert Access().roles == ()


def test_a_clinician_is_one_by_the_ehrs_word_and_never_by_an_assignment() -> None:
    assert Role.CLINICIAN not in ASSIGNABLE
    assert allowed(person(Role.CLINICIAN), OWN)
    assert not allowed(Access(None, (Assigned(Role.CLINICIAN),)), OWN)


@given(st.lists(st.sampled_from(ASSIGNABLE), max_size=3), st.booleans())
def test_several_roles_allow_what_each_of_them_allows(roles: list[Role], clinician: bool) -> None:
    access = Access(NPI if clinician else None, tuple(map(Assigned, roles)))
    each = [allowed(person(role), OWN) for role in (*roles, *([Role.CLINICIAN] if clinician else []))]
    assert allowed(access, OWN) == frozenset().union(*each)


@pytest.mark.parametrize(
    ("text", "usable"),
    [("Practitioner/abc", True), ("PractitionerRole/a-1.b", True), ("https://ehr.example sub ject", False),
     ("https://ehr.example subject", True), ("Patient/abc", False), ("Practitioner/", False), ("abc", False),
     ("Practitioner/" + "a" * 64, True), ("Practitioner/" + "a" * 65, False), (" Practitioner/abc", False)],
)  # fmt: skip
def test_a_user_is_named_as_an_ehr_names_users(text: str, usable: bool) -> None:
    assert is_user(text) == usable
