"""Steps from each version of the store to the next, run by Alembic; `versions/NNNN_*.py`, one number after another."""
