"""Counting every performance period of a year at once, to the same numbers as `tallies.sql` for each of them."""
