"""Engines made for FHIR, run beside pi180: `make bench-peers`."""
