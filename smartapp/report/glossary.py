"""The words of the pages, for those who do not know them yet."""

WORDS = (
    ("Performance period", "Days in a row of one year on which the measures are counted: at least 180 of them."),
    ("Gate", "What must be there for any points at all, such as the required statements. Shut, the category is zero."),
    ("Counts", "The case is in the denominator of the measure."),
    ("Met", "The case counts, and what the measure asks for is shown by a record within the time allowed."),
    ("Not met", "The case counts, and the records show that it was not done, or not in time."),
    ("Unknown", "The case counts, and the records do not tell whether it was done. It earns nothing as it is."),
    ("Undecided", "The records do not tell whether the case counts. It is in neither number."),
    ("Does not count because …", "The case was looked at and is out, for the reason that is given."),
    ("Cannot be read from this server", "The EHR does not show this kind of record. That is not a zero."),
    ("Claimed exclusion", "A measure that is left out because too few cases fall under it, or another reason of CMS."),
    ("Not determinable", "No points can be given yet; neither zero nor passed."),
    ("Run", "One reading of the EHR's data. Its fingerprint names it; the same data give the same fingerprint."),
    ("As of", "When the data were read, or the day from which days to a deadline are counted."),
    ("Attestation", "A statement that a person makes. pi180 prepares it and never makes it."),
    ("CEHRT", "Certified EHR technology; its CMS EHR Certification ID has 15 characters."),
    ("First look", "A reading of one clinician's own patients, with nothing attested; not the practice's score."),
)
