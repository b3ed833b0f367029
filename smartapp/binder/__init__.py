"""The evidence binder: a run, signed, in one file that an auditor opens without pi180."""
