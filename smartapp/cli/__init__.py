"""The `pi180` command: one verb, one use case. Results go to standard output, everything else to standard error.

Exit codes: 0 fine; 1 unexpected; 2 wrong usage, missing folder, bad attestation, profile, site or rule file;
3 a required measure cannot be derived from a server; 4 gate shut, or CMS would refuse the file; 5 sign-in refused;
6 a server does not answer; 7 two runs, or a run and a report or the deck, differ, samples do not prove a profile, a
binder is not as it was signed, or a signature is void;
8 input empty, truncated or too much of it set aside, or a server not read whole (results are still written, but not
those of run --config); 9 this machine cannot go on now: another run is at work, the disk is full or the clock is wrong;
130 interrupted; 143 stopped (SIGTERM).
Of run --config, 4 says that something is new since the run before: a numerator fell or stopped, or the gate is shut.
"""

import click

from smartapp import __version__
from smartapp.cli.verbs import Verbs, all_verbs


@click.group(
    cls=Verbs, commands=all_verbs(), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="pi180")
def main() -> None:
    """MIPS Promoting Interoperability from FHIR R4: every number opens, every run repeats."""
