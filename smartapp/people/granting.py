"""Giving a role, from what an administrator types. Strict: a wrong TIN would show a stranger's numbers."""

import re
from collections.abc import Mapping
from datetime import datetime

from smartapp.people.access import ASSIGNABLE, Role, is_user
from smartapp.store import Assignment

_TIN = re.compile("[0-9]{9}")
_LONGEST_LABEL = 100


class NotGranted(Exception):  # noqa: N818  # the word says it
    """A role cannot be given as typed; `problems` says by field what to change."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("not granted")
        self.problems = problems


def granted_by(form: Mapping[str, str], by: str, now: datetime) -> Assignment:
    """The assignment that a form asks for.

    Args:
        form: `user`, `label`, `role` and `tins`, each as typed.
        by: who gives it, as people read it.
        now: when.

    Raises:
        NotGranted: a field cannot be used.
    """
    user, label = form.get("user", "").strip(), form.get("label", "").strip()
    role, tins = form.get("role", ""), re.split(r"[\s,;]+", form.get("tins", "").strip())
    named = tuple(dict.fromkeys(tin.replace("-", "") for tin in tins if tin))
    problems = {
        "user": "" if is_user(user) else "Type how the EHR names the user, such as Practitioner/abc.",
        "label": "" if 0 < len(label) <= _LONGEST_LABEL else f"Type a name of 1 to {_LONGEST_LABEL} characters.",
        "role": "" if role in ASSIGNABLE else "Choose a role.",
        "tins": _about_tins(role, named),
    }
    if any(problems.values()):
        raise NotGranted({field: text for field, text in problems.items() if text})
    return Assignment(user, label, Role(role), named or None, by, now)


def _about_tins(role: str, tins: tuple[str, ...]) -> str:
    if wrong := [tin for tin in tins if not _TIN.fullmatch(tin)]:
        return f"Type TINs of nine digits, one after the other. {len(wrong)} of {len(tins)} cannot be read."
    if tins and role == Role.ADMIN:
        return "An administrator has the whole registration. Leave this empty."
    return ""
