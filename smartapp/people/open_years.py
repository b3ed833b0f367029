"""Which years can still be counted and handed in: this one, and until its submission window closes, the last."""

from datetime import date

from scoring.deadlines import closing_day
from scoring.rulebook import load, years


def open_years(today: date) -> tuple[int, ...]:
    """The years whose submission window is not closed, the one that closes first at the beginning; never none.

    Args:
        today: in the practice's zone. The last day of a window is still open.
    """
    ruled = [year for year in (today.year - 1, today.year) if year in years()]
    return tuple(year for year in ruled if today <= closing_day(load(year))) or (today.year,)
