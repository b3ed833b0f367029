"""Every number opens: the cases behind it, their evidence, and what does not count and why."""
