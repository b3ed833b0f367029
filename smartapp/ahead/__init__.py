"""Looking ahead from a score: the best period, the plan, what if, exclusions against their limits."""
