"""Drug codes to schedule, opioid and class, from the dated tables in `drug_tables/` or refreshed ones.

A code that the tables do not know is unknown, never "not controlled" and never "needs no prescription".
Sources, dates, terms and gaps: `drug_tables/README.md`.
"""
