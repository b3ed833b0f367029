"""FHIRPath over one resource, with the R4 model: parsed once, compiled to Python, with `fhirpathpy` as the judge.

`compile_path` takes the subset that profiles are written in (see `subset`) and refuses the rest. What it accepts
becomes generated Python source for each resource type that it is asked of (see `source`); a resource of a shape that
the source is not made for is answered by `fhirpathpy` itself, which is slower and says the same.
"""

from extractors.fhirpath.codes import code_in
from extractors.fhirpath.compiled import (
    Columns,
    Criteria,
    Found,
    Path,
    compile_criteria,
    compile_path,
    is_true,
    quick_columns,
    quick_criteria,
    quick_path,
    source_of,
)
from extractors.fhirpath.reference import Node, parsed
from extractors.fhirpath.running import Unusual

__all__ = [
    "Columns",
    "Criteria",
    "Found",
    "Node",
    "Path",
    "Unusual",
    "code_in",
    "compile_criteria",
    "compile_path",
    "is_true",
    "parsed",
    "quick_columns",
    "quick_criteria",
    "quick_path",
    "source_of",
]
