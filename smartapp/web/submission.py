"""The submission step: what is ready or missing, signing, files to take along, and the ways to CMS. Nothing is sent."""

from flask import Blueprint, Response, request

from scoring.model import Severity
from smartapp.attesting.signature import STATEMENT, Signer
from smartapp.attesting.signing import NotReadyToSign, check_ready
from smartapp.errors import UsageError
from smartapp.exports.making import Asked, make_of
from smartapp.kept.publish import keep_signed
from smartapp.people.access import Act
from smartapp.report.dates import dates_shown
from smartapp.report.files import FILES, FileShown
from smartapp.report.pages import app_page
from smartapp.report.submitting import submitting
from smartapp.scored import Scored
from smartapp.store import Deed, Launch
from smartapp.web.answering import Seen
from smartapp.web.chosen import chosen_score
from smartapp.web.dashboard import signature_of
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.problems import Shown
from smartapp.web.service import current_service

routes = Blueprint("submission", __name__, url_prefix="/l/<launch_id>")

_NO_KEY = (
    "This server has no key to sign with. Who runs it makes one (pi180 signing-key new) and names it in the settings."
)
_CHANGED = "The numbers or answers changed while you looked; look again."
_FIRST_LOOK = "A first look is of one's own patients alone, and not what a practice attests."

_NO_FILE = "No file for CMS is made of it."


@routes.get("/submission")
@signed_in
def submission(launch: Launch) -> Response:
    """How far it is."""
    with chosen_score(launch) as (scored, choice, frame):
        return page(_page(Seen(launch, scored, choice, frame)))


@routes.post("/submission/sign")
@signed_in
def sign(launch: Launch) -> Response:
    """Sign the numbers and answers that the form showed, if they still are so; what is signed is kept in the run."""
    service = current_service()
    check_form(service, launch)
    with chosen_score(launch, Act.SIGN) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        if not _why_not(seen) and request.form.get("seen") != choice.key:
            return page(_page(seen, _CHANGED), 409)
        try:
            _sign(seen)
        except UsageError as problem:
            return page(_page(seen, str(problem)), 400)
        return Response("", 303, {"Location": f"{frame.home}/submission{frame.choice}#sign"})


@routes.get("/submission/files/<name>")
@signed_in
def file(launch: Launch, name: str) -> Response:
    """One file of the submission, as a download."""
    service = current_service()
    with chosen_score(launch, Act.DOWNLOAD) as (scored, choice, _frame):
        kind = next((one for one in FILES if one.name == name), None)
        if kind is None:
            raise Shown(404, "There is no such file", "The page Submission lists those that there are.")
        if choice.first_look:
            raise Shown(409, "The file is not made", _FIRST_LOOK, _NO_FILE)
        text = _text_of(kind, scored)
        service.note(
            Deed.EXPORTED, launch, detail=f"{name} of {choice.year}, reporter of run {choice.fingerprint[:12]}"
        )
        named = {"Content-Disposition": f'attachment; filename="{kind.download_name(choice.year)}"'}
        return Response(text, 200, named, mimetype=kind.media_type)


def _text_of(kind: FileShown, scored: Scored) -> str:
    """What is in a file.

    Raises:
        Shown: something would make it zero or have it refused.
    """
    made = make_of(scored, Asked(kind.format, kind.suffix, None, current_service().clock()))
    if made.text is None or scored.reading.faults:
        told = [f.message for f in made.findings if f.severity is Severity.ERROR]
        raise Shown(409, "The file is not made", *(told or scored.reading.faults), "The page Submission lists it.")
    return made.text


def _sign(seen: Seen) -> None:
    """Sign what is seen; the trail says it first.

    Raises:
        UsageError: nobody can sign it here, or as it is.
    """
    service, sent = current_service(), request.form
    key, author = service.settings.signing_key, service.author(seen.launch)
    why = _why_not(seen)
    if key is None or why:
        raise UsageError(why)
    signer = Signer(author.name, sent.get("role", "").strip(), sent.get("reason", "").strip())
    service.note(Deed.SIGNED, seen.launch, detail=f"run {seen.choice.fingerprint[:12]}, {seen.choice.year}")
    keep_signed(seen.scored, seen.choice.run, signer, key, service.clock())


def _why_not(seen: Seen) -> str:
    """Why nobody can sign what is seen; empty where somebody can."""
    if current_service().settings.signing_key is None:
        return _NO_KEY
    if seen.choice.first_look:
        return _FIRST_LOOK
    try:
        check_ready(seen.scored)
    except NotReadyToSign as problem:
        return str(problem)
    return ""


def _page(seen: Seen, problem: str = "") -> str:
    scored, choice, frame = seen.scored, seen.choice, seen.frame
    return app_page(
        "submission",
        frame,
        shown=submitting(scored, seen.ready()),
        dates=dates_shown(seen.rules, scored.reading.period, frame.today),
        year=choice.year,
        seen=choice.key,
        signature=signature_of(current_service(), scored, choice),
        why_not=_why_not(seen),
        problem=problem,
        statement=STATEMENT,
        signer=current_service().author(seen.launch).name,
        typed=request.form if problem else {},
        can=choice.can,
        files=() if choice.first_look else FILES,
        why_no_file=f"{_FIRST_LOOK} {_NO_FILE}" if choice.first_look else "",
    )
