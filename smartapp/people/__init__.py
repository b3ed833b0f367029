"""Who reports and who may see what: reporters, groups, eligibility, roles."""
