"""Settings of all tests: properties are never judged by the clock, and a run tries the same examples as the last.

To look for new examples, and for more of them: `pytest --hypothesis-profile=searching`.
"""

import os

from hypothesis import settings

os.environ["COLUMNS"] = "100"  # what is printed does not depend on the terminal in which the tests run

settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("unhurried")
