"""Where NDJSON lines come from. Every source ends in the same funnel: lines of bytes with their place."""
