"""What was counted is found by whose it is as if all of it were gone through."""

from hypothesis import given
from hypothesis import strategies as st

from extractors.cases import Tally
from extractors.tallies import Tallies
from scoring.model import MeasureId, Reporter
from tests.extractors.practice import A, B, C, D

MEASURES, VARIANTS = [MeasureId("PI_EP_1"), MeasureId("PI_PEA_1")], ["all", "other"]
TINS, NPIS = [A, B, None], [C, D, None]
whose = st.tuples(st.sampled_from(MEASURES), st.sampled_from(VARIANTS), st.sampled_from(TINS), st.sampled_from(NPIS))
counted = st.lists(whose, unique=True).map(lambda found: [Tally(*one, n, 0, 0, 0, {}) for n, one in enumerate(found)])


@given(counted, whose)
def test_what_is_found_is_what_a_look_at_all_finds(
    found: list[Tally], at: tuple[MeasureId, str, str | None, str | None]
) -> None:
    tallies, (measure, variant, tin, npi) = Tallies(found), at
    assert list(tallies) == found
    of = [t for t in found if t.measure == measure]
    assert [tallies.one(*at)] == ([t for t in of if (t.variant, t.tin, t.npi) == (variant, tin, npi)] or [None])
    assert tallies.members(measure, variant, tin) == {t.npi for t in of if (t.variant, t.tin) == (variant, tin)}
    assert tallies.reporters(measure) == {Reporter(t.tin, t.npi) for t in of}
    assert tallies.tins(npi) == {t.tin for t in found if t.npi == npi and t.tin}
