"""How a year becomes points.

`model` holds the nouns; `rulebook` reads a performance year from `rules/py<year>.toml`; `score` turns a
submission into points, line by line; `gate` lists what would make the category zero; `findings` is the
numbered catalogue of everything we tell a user about what is reported. Pure: no FHIR, no files but its
own rules, no clock, no network.
"""
