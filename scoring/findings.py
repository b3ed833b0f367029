"""The numbered catalogue of everything we tell a user about what is reported.

Each kind is documented once, here; numbers are retired, never reused. F-1xx: what must hold before any point
counts. F-2xx: measures and conflicts between them. F-3xx: warnings and doubts. F-4xx: what an unattended run finds to
have gone wrong since the run before. F-5xx: the file itself, as CMS takes it. An error means that the
category would be zero or the submission refused.
"""

from dataclasses import dataclass
from enum import StrEnum

from scoring.model import Cite, Finding, Severity
from scoring.rulings import Ruling

CEHRT_ID = "cehrtId"
PERFORMANCE_PERIOD = "performance period"


class Due(StrEnum):
    """Until when something can be done about a finding."""

    SUBMISSION = "the submission window closes"
    YEAR_END = "the performance year ends"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One entry of the catalogue: `code`, a `title` in a few words, what it means for the result, and until when.

    `incomplete` marks what keeps a submission from being a qualifying one. `refuses_file` marks what CMS refuses in a
    file although nothing becomes zero by it: an error of the file, a warning of the score.
    """

    code: str
    title: str
    severity: Severity
    due: Due = Due.SUBMISSION
    incomplete: bool = False
    refuses_file: bool = False

    def about(self, subject: str, message: str, remedy: str, *rulings: Ruling) -> Finding:
        """A finding of this kind, citing the given rulings.

        Args:
            subject: a measure id, an objective, `cehrtId`, `performance period`, or a field.
            message: what is wrong, expected and got.
            remedy: what to do.
            rulings: the rules that make it a finding.
        """
        return Finding(self.code, self.severity, subject, message, remedy, cites_of(*rulings))


def cites_of(*rulings: Ruling) -> tuple[Cite, ...]:
    """The cites of all rulings, each once, in order."""
    return tuple(dict.fromkeys(cite for ruling in rulings for cite in ruling.cites))


CATALOGUE: dict[str, FindingKind] = {}


def _kind(
    code: str,
    title: str,
    severity: Severity = Severity.ERROR,
    due: Due = Due.SUBMISSION,
    incomplete: bool = False,
    refuses_file: bool = False,
) -> FindingKind:
    if code in CATALOGUE:
        raise AssertionError(f"{code} is in the catalogue twice")
    CATALOGUE[code] = FindingKind(code, title, severity, due, incomplete, refuses_file)
    return CATALOGUE[code]


ATTESTATION_MISSING = _kind("F-101", "a required attestation is not reported", incomplete=True)
ATTESTATION_NO = _kind("F-102", "a required attestation is answered no")
CEHRT_MISSING = _kind("F-103", "the CEHRT ID is missing", incomplete=True)
CEHRT_MALFORMED = _kind("F-104", "the CEHRT ID does not have its shape")
PERIOD_MISSING = _kind("F-105", "the performance period is missing", incomplete=True)
PERIOD_SHORT = _kind("F-106", "the performance period is shorter than the minimum")
PERIOD_OUTSIDE_YEAR = _kind("F-107", "the performance period leaves the performance year")
PERIOD_STARTS_LATE = _kind("F-108", "the performance period starts after the last possible day")
PERIOD_REVERSED = _kind("F-109", "the performance period ends before it starts")
NOT_IN_USE = _kind("F-110", "the certified functions were not in use on the first day")
NOT_CERTIFIED = _kind("F-111", "the product was not certified by the last day")
DONE_OUTSIDE_YEAR = _kind("F-112", "what is attested was done in another year")
EDITION_OTHER = _kind("F-113", "another edition of a guide was used than the year asks for")

MEASURE_MISSING = _kind("F-201", "a required measure is neither reported nor excluded", incomplete=True)
NUMERATOR_ZERO = _kind("F-202", "a required measure has a numerator of zero", due=Due.YEAR_END)
DENOMINATOR_ZERO = _kind("F-203", "a required measure has a denominator of zero and is not excluded", due=Due.YEAR_END)
MEASURE_NO = _kind("F-204", "a required measure is answered no")
PATH_MISSING = _kind("F-205", "no path of an objective is complete", incomplete=True)
PATHS_SEVERAL = _kind("F-206", "more than one path of an objective is reported")
OWN_EXCLUSION = _kind("F-207", "a measure is reported together with its own exclusion")
SUBSTITUTES = _kind("F-208", "two entries that replace each other are reported together")
LEVEL_MISSING = _kind("F-209", "a required public-health measure lacks its active-engagement level")
MEASURE_UNKNOWN = _kind("F-210", "the measure id is not in the year's list")
ANSWER_OF_WRONG_KIND = _kind("F-211", "the answer is of the wrong kind for the measure")
NUMERATOR_ABOVE_DENOMINATOR = _kind("F-212", "the numerator is above the denominator")
COUNT_NEGATIVE = _kind("F-213", "a count is negative")
MEASURE_TWICE = _kind("F-214", "a measure is reported twice")
VALUE_UNREADABLE = _kind("F-215", "a measurement cannot be read")
EXCLUSION_REFUSED = _kind("F-216", "an exclusion does not belong to the path reported")
FIELD_UNREADABLE = _kind("F-217", "a field of the submission cannot be read")
EXCLUSION_REFUTED = _kind("F-218", "an exclusion is claimed that the counts refute")
REGISTERED_LATE = _kind("F-219", "a registration came too late for active engagement level 1")
REQUESTS_MISSED = _kind("F-220", "requests of an agency were not answered in time at level 1")

CEHRT_UNEXPECTED = _kind("F-301", "the CEHRT ID has an unexpected prefix", Severity.WARNING)
PERIOD_AT_MINIMUM = _kind("F-302", "the performance period has exactly the minimum length", Severity.WARNING)
NOT_DETERMINABLE = _kind("F-303", "a required measure is not determinable", Severity.WARNING)
NUMERATOR_UNKNOWN = _kind("F-304", "some numerators are not visible", Severity.WARNING)
MEMBERSHIP_UNDECIDED = _kind("F-305", "some cases are in neither number", Severity.WARNING)
BONUS_WITHOUT_LEVEL = _kind(
    "F-306", "a bonus measure lacks its level and earns nothing", Severity.WARNING, refuses_file=True
)
LEVEL_WITHOUT_MEASURE = _kind("F-307", "a level is reported without its measure", Severity.WARNING)
NO_BESIDE_ALTERNATIVE = _kind("F-308", "a no is reported beside its alternative", Severity.WARNING)
LEVEL_IN_DOUBT = _kind("F-309", "the engagement level may be used only once", Severity.WARNING)
EXCLUSIONS_SEVERAL = _kind("F-310", "more exclusions than needed are claimed", Severity.NOTE)
EXCLUSION_UNDECIDED = _kind("F-311", "whether an exclusion may be claimed is undecided", Severity.WARNING)
EXCLUSION_UNCHECKED = _kind("F-312", "a claimed exclusion could not be checked", Severity.WARNING)
IDENTITY_UNFIT = _kind("F-313", "who reports is not said as CMS needs it", Severity.WARNING, refuses_file=True)
EXCLUSION_BY_BASIS = _kind("F-314", "an exclusion depends on the basis of its count", Severity.WARNING)
PROGRAM_UNKNOWN = _kind("F-315", "the program is not in the year's list", Severity.WARNING, refuses_file=True)
LEVEL_NOT_WAIVED = _kind("F-316", "a suppressed measure is yes without its level", Severity.WARNING)

NUMERATOR_FELL = _kind("F-401", "a numerator is smaller than in the run before, over the same days", Severity.WARNING)
NUMERATOR_STOPPED = _kind("F-402", "a numerator has stopped", Severity.WARNING, Due.YEAR_END)
NUMERATOR_GAP = _kind("F-403", "a numerator stopped for some days", Severity.WARNING, Due.YEAR_END)
SOURCE_NOT_WHOLE = _kind("F-404", "a type of the source was not read whole", Severity.WARNING)
NOT_COMPARED = _kind("F-405", "a run could not be held against the run before", Severity.WARNING)

FILE_UNREADABLE = _kind("F-501", "the file is no submission that can be read")
VERSION_OTHER = _kind("F-502", "the version of the document is not that of the performance year")
PROGRAM_CODE_UNKNOWN = _kind("F-503", "the program code is not one of the year")
PART_NOT_ONCE = _kind("F-504", "a part of the document is missing, or there more than once")
TEMPLATE_OTHER = _kind("F-505", "a template has another version than the guide of the year")
CONVERTER_UNKNOWN = _kind("F-506", "CMS's converter is not known to take the file", Severity.WARNING)
METHOD_UNKNOWN = _kind("F-507", "the submission method is none that an upload accepts")
FIELD_OF_CMS = _kind("F-508", "a field is CMS's own, or retired, and never sent", Severity.WARNING)
