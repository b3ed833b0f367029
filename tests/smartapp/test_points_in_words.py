"""The score before and after what is typed, in one sentence."""

import pytest

from smartapp.attesting.proposed import Difference
from smartapp.report.steps import points_in_words


@pytest.mark.parametrize(
    ("before", "after", "readable", "text"),
    [
        (80, 80, (80, 80), "The score stays 80."),
        (80, 0, (80, 0), "The score goes from 80 to 0."),
        (None, None, (40, 40), "The score stays not determinable (40 can be read so far)."),
        (
            None,
            None,
            (40, 55),
            "The score goes from not determinable (40 can be read so far) to not determinable (55 can be read so far).",
        ),
        (None, 80, (40, 80), "The score goes from not determinable (40 can be read so far) to 80."),
    ],
)
def test_points_that_can_be_read_are_told_where_the_whole_is_not_determinable(
    before: int | None, after: int | None, readable: tuple[int, int], text: str
) -> None:
    assert points_in_words(Difference(before, after, readable, (), ())) == text
