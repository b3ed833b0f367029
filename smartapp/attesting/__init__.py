"""The steps of CMS's way as use cases: who must report, what is answered, what bears it out. No Flask, no storage."""
