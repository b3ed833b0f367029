"""`python -m smartapp.cli` is `pi180`."""

from smartapp.cli import main

main(prog_name="pi180")
