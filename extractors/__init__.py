"""How FHIR R4 resources become counted cases.

NDJSON lines enter through a source; `extract` turns each line into events, resources, references and
directory rows, or sets it aside with a reason; plain SQL joins events into cases with their evidence;
`tally` counts the cases of a period for each reporter. Knows nothing of points and nothing of pages.
"""
