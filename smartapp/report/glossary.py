"""The words of the pages, for those who do not know them yet."""

WORDS = (
    ("Performance period", "Days in a row of one year on which the measures are counted: at least 180 of them."),
    ("Gate", "What must be there for any points at all, such as the required statements. Shut, the category is zero."),
    ("Denominator, numerator", "The cases that belong to the measure, and those of them that are met."),
    ("Met", "In the denominator, and what the measure asks for is shown by a record within the time allowed."),
    ("Not met", "In the denominator, and the records show that it was not done, or not in time."),
    ("Not visible, or unknown", "In the denominator, and no record tells whether it was done. It earns nothing."),
    ("Undecided whether it belongs", "No record tells whether it is in the denominator. It is in neither number."),
    ("Left out because …", "The record was looked at and is not in the denominator, for the reason that is given."),
    ("Cannot be read from this server", "The EHR does not show this kind of record. That is not a zero."),
    ("Claimed exclusion", "A measure that is left out because too few cases fall under it, or another reason of CMS."),
    ("Not determinable", "No points can be given yet; neither zero nor passed."),
    ("Run", "One reading of the EHR's data. Its fingerprint names it; the same data give the same fingerprint."),
    ("As of", "When the data were read, or the day from which days to a deadline are counted."),
    ("Attestation", "A statement that a person makes. pi180 prepares it and never makes it."),
    ("CEHRT", "Certified EHR technology; its CMS EHR Certification ID has 15 characters."),
    ("First look", "A reading of one clinician's own patients, with nothing attested; not the practice's score."),
)
