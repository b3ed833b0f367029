"""Verbs about drugs: drugs, refresh-drugs."""

from pathlib import Path

import click

from smartapp.cli.options import AS_JSON, PLACE, stated_failures
from smartapp.drugs import look_up, make_tables
from smartapp.printed import console
from smartapp.printed import drugs as printed_drugs
from smartapp.written import as_json


@click.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@click.option("--drugs", "folder", type=PLACE, help="Folder of refreshed drug tables. [default: ours]")
@AS_JSON
def drugs(codes: tuple[str, ...], folder: Path | None, in_json: bool) -> None:
    """Tell what drug codes are for the measures, why, and by which source of which day.

    CODE is rxnorm:979492, ndc:0054-0124-22 or hcpcs:A4253. Bare digits are an RxCUI up to nine, an NDC from ten or with
    hyphens.
    """
    with stated_failures():
        found = look_up(codes, folder)
        documents = {"schema": "pi180/drugs/1", "drugs": [one.as_document() for one in found]}
        click.echo(as_json(documents) if in_json else printed_drugs.drugs_table(found), nl=False)


@click.command("refresh-drugs")
@click.option("--ndc", type=PLACE, required=True, help="FDA's NDC Directory, text version: ndctext.zip.")
@click.option("--rxnorm", type=PLACE, required=True, help="NLM's RxNorm_full_prescribe_MMDDYYYY.zip.")
@click.option("--out", type=PLACE, required=True, help="New folder for the tables.")
@click.option("--without-retired", is_flag=True, help="Leave out codes that only our own tables still have.")
def refresh_drugs(ndc: Path, rxnorm: Path, out: Path, without_retired: bool) -> None:
    """Make new drug tables from the official files; what a person has to read is in review.csv.

    Download both first: ndctext.zip from FDA's page "National Drug Code Directory", the RxNorm file from NLM's page
    "RxNorm Files" under "Current Prescribable Content" (no login). Nothing is fetched by this verb.
    """
    with stated_failures():
        made = make_tables(ndc, rxnorm, out, not without_retired)
    click.echo(printed_drugs.refreshed_table(made), nl=False)
    console.note(f"{out}: read review.csv, then name the folder with --drugs, or as drug_tables in the site file.")
