"""The generator of pages, which is a script beside its modules and no package."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[1] / "docs"


def generator(name: str = "generate") -> ModuleType:
    if str(DOCS) not in sys.path:
        sys.path.append(str(DOCS))
    return importlib.import_module(name)
