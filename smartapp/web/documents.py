"""Files that bear out the answers: attached to their places, listed, downloaded and removed; each is audited.

A file is never shown in a page: it leaves as a download under a name of ours (R86).
"""

from flask import Blueprint, Response, request

from scoring.evidence_rules import Step
from smartapp.attesting.readiness import OTHER, keys_of_year
from smartapp.people.access import Act
from smartapp.report.pages import app_page
from smartapp.store import Deed, DocumentRefused, Launch, Upload
from smartapp.store.judged import MOST_BYTES, SUFFIXES
from smartapp.web.answering import Seen
from smartapp.web.chosen import chosen_score
from smartapp.web.framing import denied
from smartapp.web.limits import takes_files
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.problems import Shown
from smartapp.web.service import current_service

routes = Blueprint("documents", __name__, url_prefix="/l/<launch_id>")

_AROUND = 64 * 1024
"""Of a request around its file: the other fields."""
_LONGEST_NOTE = 300
_STEPS = {Step.REQUIREMENTS: "Requirements", Step.CEHRT: "CEHRT", Step.ATTESTATIONS: "Attestations"}
_LEADS_TO = ("documents", "requirements", "cehrt")


@routes.get("/documents")
@signed_in
def documents(launch: Launch) -> Response:
    """Every place that the answers ask for, and every file."""
    with chosen_score(launch) as (scored, choice, frame):
        if not choice.can & {Act.ATTACH, Act.DOWNLOAD}:
            denied(current_service(), launch, Act.DOWNLOAD)
        return page(_page(Seen(launch, scored, choice, frame)))


@routes.post("/documents")
@signed_in
@takes_files(MOST_BYTES + _AROUND)
def attach(launch: Launch) -> Response:
    """Keep a file in its place."""
    check_form(current_service(), launch)
    with chosen_score(launch, Act.ATTACH) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        try:
            slot = _kept(seen)
        except DocumentRefused as problem:
            return page(_page(seen, str(problem)), 400)
        return _back(seen, f"place-{slot}")


@routes.get("/documents/<document>")
@signed_in
def download(launch: Launch, document: str) -> Response:
    """One file, as a download."""
    service = current_service()
    with chosen_score(launch, Act.DOWNLOAD) as (_, choice, _frame):
        found = service.store.documents.find(choice.filing, document)
        if found is None:
            raise Shown(404, "There is no such document", "The page Documents lists those that are there.")
        service.note(Deed.DOCUMENT_DOWNLOADED, launch, detail=f"document {found.id}, place {found.slot}")
        content = service.store.documents.content(choice.filing, document) or b""
        named = {"Content-Disposition": f'attachment; filename="{found.download_name}"'}
        return Response(content, 200, named, mimetype=found.media_type)


@routes.post("/documents/<document>/remove")
@signed_in
def remove(launch: Launch, document: str) -> Response:
    """Destroy a file; that it was there is kept."""
    service = current_service()
    check_form(service, launch)
    with chosen_score(launch, Act.ATTACH) as (scored, choice, frame):
        found = service.store.documents.find(choice.filing, document)
        if found is None:
            raise Shown(404, "There is no such document", "Somebody may have removed it already.")
        service.note(Deed.DOCUMENT_REMOVED, launch, detail=f"document {found.id}, place {found.slot}")
        service.store.documents.remove(choice.filing, document, service.author(launch), service.clock())
        return _back(Seen(launch, scored, choice, frame), f"place-{found.slot}")


def _kept(seen: Seen) -> str:
    """Keep the file that came; its place.

    Raises:
        DocumentRefused: there is no file, no such place, or the file may not be kept.
    """
    service, sent = current_service(), request.files.get("file")
    slot, note = request.form.get("slot", ""), request.form.get("note", "").strip()[:_LONGEST_NOTE]
    if slot not in keys_of_year(seen.choice.year):
        raise DocumentRefused("There is no such place for a file. Choose one of the list.")
    if sent is None or not sent.filename:
        raise DocumentRefused("No file was chosen. Choose one, then attach it.")
    service.note(Deed.DOCUMENT_ATTACHED, seen.launch, detail=f"place {slot}")
    upload = Upload(slot, sent.filename, sent.stream.read(), note)
    service.store.documents.add(seen.choice.filing, upload, service.author(seen.launch), service.clock())
    return slot


def _back(seen: Seen, anchor: str) -> Response:
    name = request.form.get("back", "")
    name = name if name in _LEADS_TO else _LEADS_TO[0]
    return Response("", 303, {"Location": f"{seen.frame.home}/{name}{seen.frame.choice}#{anchor}"})


def _page(seen: Seen, problem: str = "") -> str:
    removed = [one for one in current_service().store.documents.history(seen.choice.filing) if one.removed]
    ready = seen.ready()
    return app_page(
        "documents",
        seen.frame,
        ready=ready,
        steps=[(title, ready.on(step)) for step, title in _STEPS.items()],
        removed=removed,
        problem=problem,
        slot=request.form.get("slot", "") if problem else "",
        other=OTHER,
        can=seen.choice.can,
        year=seen.choice.year,
        kinds=", ".join(sorted({suffix for found in SUFFIXES.values() for suffix in found})),
        most=MOST_BYTES // 2**20,
    )
