"""Runs as folders: written, opened again, kept open, compared."""
