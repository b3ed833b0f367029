"""What the dashboard shows beside the score itself: what to do next, and how much of the evidence is on file."""

from dataclasses import dataclass, replace

from scoring.year import Status
from smartapp.ahead.planning import Planned
from smartapp.report.dates import DateShown
from smartapp.report.jobs import JobShown
from smartapp.report.page import ROLES, Page
from smartapp.report.periods import PeriodsShown
from smartapp.report.plan import StepShown, plan_shown
from smartapp.report.signature import SignatureShown

_NEXT = 3
_REQUIRED = {ROLES[Status.ATTESTATION], ROLES[Status.REQUIRED]}


@dataclass(frozen=True, slots=True)
class NextSteps:
    """The first steps of the plan, without any case, of `of` in all; `aim` is what they lead to."""

    aim: str
    steps: tuple[StepShown, ...]
    of: int


@dataclass(frozen=True, slots=True)
class Ready:
    """How many of the places for files are filled, and how many of the year's statements are answered."""

    files: int
    files_of: int
    statements: int
    statements_of: int

    @property
    def done(self) -> int:
        """Files and statements that are there."""
        return self.files + self.statements

    @property
    def of(self) -> int:
        """All that the answers ask for."""
        return self.files_of + self.statements_of


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything beside the score. None: not shown.

    `files` are how many places for files are filled, and how many there are. `job` goes on, and may change the numbers.
    """

    periods: PeriodsShown | None = None
    next: NextSteps | None = None
    files: tuple[int, int] | None = None
    dates: tuple[DateShown, ...] = ()
    job: JobShown | None = None
    signature: SignatureShown | None = None


def next_steps(found: Planned) -> NextSteps:
    """The first three steps of a plan."""
    shown = plan_shown(found)
    return NextSteps(shown.aim, tuple(replace(one, cases=()) for one in shown.steps[:_NEXT]), len(shown.steps))


def ready_of(page: Page, files: tuple[int, int]) -> Ready:
    """The state of the evidence: files as counted by whoever knows their places, required statements as given."""
    asked = [one.answer for one in page.answers if one.role in _REQUIRED]
    return Ready(*files, sum(answer != "not answered" for answer in asked), len(asked))
