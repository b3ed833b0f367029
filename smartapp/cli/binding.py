"""Verbs about what is kept for an audit: pseudonym-key, sign, signature, bundle, verify."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from smartapp.attesting.signature import Signer, Void, in_words, state_document
from smartapp.attesting.signing import NotReadyToSign, sign, state_of
from smartapp.binder.attached import Attached, read_attached, read_submitted
from smartapp.binder.bundling import Bundling, bundle
from smartapp.binder.pseudonyms import new_pseudonym_key, read_pseudonym_key
from smartapp.binder.told import MOST_YEARS
from smartapp.binder.verifying import Verification, verify
from smartapp.cli.options import AS_JSON, DIFFERENT, GATE_SHUT, PLACE, stated_failures
from smartapp.durable import Files
from smartapp.errors import UsageError
from smartapp.kept.archive import named_period
from smartapp.kept.finding_run import find_score
from smartapp.kept.publish import tell_signature
from smartapp.printed import console
from smartapp.printed.binder import printable, verification_text
from smartapp.signing_key import (
    SigningKey,
    in_groups,
    own_signing_key,
    read_signing_key,
)
from smartapp.signing_key import trusted_fingerprint as fingerprint_of
from smartapp.store.retention import LEAST_YEARS
from smartapp.written import as_json

_RUN = click.option(
    "--run", "run", type=PLACE, required=True,
    help="runs/<fingerprint>/<period>/<reporter>, a run, or what --out made, if it holds one score.",
)  # fmt: skip
_FILE = click.argument("file", type=PLACE)
_TRUSTED = click.option(
    "--key", "trusted", help="The practice's public key (.pub) or its fingerprint, as it was given to you."
)
_KEY = click.option("--key", type=PLACE, help="Private key of pi180 signing-key new. [default: your own, made once]")


@click.group("pseudonym-key")
def pseudonym_key() -> None:
    """The key by which ids are replaced in a copy of a binder that is shown outside."""


@pseudonym_key.command("new")
@_FILE
def new_pseudonyms(file: Path) -> None:
    """Make a key in FILE, for its owner alone. It must never leave the practice."""
    with stated_failures():
        new_pseudonym_key(file)
    console.note(f"{file}: whoever has it can tell which record a code stands for. Keep it where the records are.")


@click.command("sign")
@_RUN
@click.option("--name", required=True, help="Who signs.")
@click.option("--role", required=True, help="In which role: clinician, practice manager, …")
@click.option("--reason", required=True, help="For which reason, as: submission of 2026.")
@_KEY
@AS_JSON
def sign_verb(run: Path, key: Path | None, in_json: bool, **who: str) -> None:
    """Sign the numbers and answers of a score. Exit code 4 if the gate is shut or something is not determinable.

    What was signed is kept beside the score. If anything of it changes later, the signature is void and says so.
    """
    with stated_failures():
        place = find_score(run)
        try:
            state = sign(place, Signer(**who), _key(key), datetime.now(UTC))
        except NotReadyToSign as problem:
            console.note(f"pi180: {problem}")
            sys.exit(GATE_SHUT)
        tell_signature(place)
    click.echo(as_json(state_document(state)) if in_json else f"{in_words(state)}\n", nl=False)


@click.command()
@_RUN
@_TRUSTED
@AS_JSON
def signature(run: Path, trusted: str | None, in_json: bool) -> None:
    """Say who signed a score, and whether that still holds. Exit code 7 if the signature is void.

    Without --key it is not judged whether the key that signed is the practice's.
    """
    with stated_failures():
        state = state_of(find_score(run), trusted={fingerprint_of(trusted)} if trusted else None)
    click.echo(as_json(state_document(state)) if in_json else f"{in_words(state)}\n", nl=False)
    sys.exit(DIFFERENT if isinstance(state, Void) else 0)


@click.command("bundle")
@_RUN
@click.option(
    "-o", "--out", type=PLACE, required=True, help="The binder to make; an existing file is never overwritten."
)
@_KEY
@click.option("--document", "documents", multiple=True, help="SLOT=FILE: evidence for a place. May be repeated.")
@click.option("--submitted", type=PLACE, multiple=True, help="What was handed to CMS, or its receipt. May be repeated.")
@click.option("--ehr-report", type=PLACE, help="The EHR's own report as CSV, to be compared and kept in the binder.")
@click.option("--years", type=click.IntRange(LEAST_YEARS, MOST_YEARS), default=LEAST_YEARS, show_default=True,
              help="Years after the end of the performance year for which the binder must be there.")  # fmt: skip
@click.option("--pseudonyms", type=PLACE, help="Key of pi180 pseudonym-key new: make a copy that names no patient.")
def bundle_verb(run: Path, out: Path, **options: Any) -> None:
    """Make the evidence binder of a score: one signed file that an auditor opens without pi180.

    Nothing of it is sent to anybody.
    """
    with stated_failures():
        if out.exists():
            raise UsageError(f"{out}: is there already. A binder is never overwritten; name a new file.")
        made = bundle(_asked(find_score(run), **options))
        Files().write(out, made)
    click.echo(f"binder {out}")
    console.note(f"pi180: {len(made)} bytes. Check it at any time: pi180 verify {out} --replay")


def _key(named: Path | None) -> SigningKey:
    """The key that is named, else the user's own; where that is made now, or is, is told."""
    if named is not None:
        return read_signing_key(named)
    key, place, made = own_signing_key(Path.home())
    if made:
        console.note(f"pi180: a key of yours was made: {place}. Give its fingerprint to whoever shall verify:")
        console.note(in_groups(key.public.fingerprint))
    return key


def _asked(place: Path, **options: Any) -> Bundling:
    period = named_period(place.parent.name)
    year = period.start.year if period else 0
    pseudonyms = options["pseudonyms"]
    return Bundling(
        place=place,
        key=_key(options["key"]),
        documents=tuple(_document(text, year) for text in options["documents"]),
        submitted=tuple(map(read_submitted, options["submitted"])),
        ehr_report=options["ehr_report"],
        years=options["years"],
        pseudonyms=read_pseudonym_key(pseudonyms) if pseudonyms else None,
    )


def _document(text: str, year: int) -> Attached:
    slot, equals, file = text.partition("=")
    if not (slot and equals and file):
        raise UsageError(f"--document: expected SLOT=FILE, got {text!r}.")
    return read_attached(slot, Path(file), year)


@click.command("verify")
@_FILE
@click.option("--replay", is_flag=True, help="Also count and score everything again from what is in the binder.")
@_TRUSTED
@AS_JSON
def verify_verb(file: Path, replay: bool, trusted: str | None, in_json: bool) -> None:
    """Verify a binder, offline and by itself. Exit code 7 if anything is not as it was signed."""
    with stated_failures():
        found: Verification = verify(file, fingerprint_of(trusted) if trusted else None, again=replay)
    click.echo(printable(as_json(found.as_document())) if in_json else verification_text(found), nl=False)
    sys.exit(0 if found.whole else DIFFERENT)
