"""The EHR's own report beside what was counted, and the candidate causes of every difference.

The certified EHR's report is the number of record. Nothing here corrects either side: a cause is what would make the
two agree, or bring them nearer, if it were so. `listed` reads a report, `what_if` counts the run's cases again under
other settings by the one SQL, `causes` judges what that explains, `compared` is the use case.
"""
