"""How far away a day is, as it is printed behind the day."""

from datetime import date


def distance(as_of: date | None, day: date) -> str:
    """In brackets, after a space: passed, today, or in how many days. Nothing when it is asked from no day."""
    if as_of is None:
        return ""
    days = (day - as_of).days
    if days < 0:
        return " (passed)"
    return " (today)" if days == 0 else f" (in {days} day{'' if days == 1 else 's'})"
