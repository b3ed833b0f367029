"""For vendors of EHRs: what a server can prove, profiles, and the deck of test cases."""
