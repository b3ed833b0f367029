"""Everything a person or a scheduler touches: the command line, reports, runs, and the web app.

Knows nothing of how a resource is read or how a point is earned.
"""

__version__ = "0.1.0"
