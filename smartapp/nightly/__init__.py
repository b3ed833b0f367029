"""The unattended run: by settings in a file, again and again, quiet while nothing changes.

`config` reads the settings, `night` carries a run from step to step, `lease` lets one at a time, `alerts` says what
went wrong with the numbers since the last run, `status` what a scheduler can read.
"""
