"""The pages of the simulator: the chart that launches the app, and the question whether it may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Flask, Response, g, make_response, render_template, request

from extractors.decode import Json
from smartapp.demo_ehr.authorization import AuthorizationRefused, Provider
from smartapp.demo_ehr.clients import DemoClient
from smartapp.demo_ehr.faults import error_of
from smartapp.demo_ehr.grants import Context, Request
from smartapp.demo_ehr.scenario import Scenario
from smartapp.demo_ehr.scopes import clinical_scope


@dataclass(frozen=True)
class Choice:
    """One line of a list to choose from."""

    value: str
    label: str


class Pages:
    """The chart and the authorization page, as views over one scenario."""

    def __init__(self, scenario: Scenario, provider: Provider, clients: Sequence[DemoClient]) -> None:
        self._scenario, self._provider = scenario, provider
        self._clients = {client.client_id: client for client in clients}

    def install(self, app: Flask) -> None:
        """Add the pages' routes."""
        app.add_url_rule("/", "page-chart", self._chart)
        app.add_url_rule("/launch", "page-launch", self._launch, methods=["POST"])
        app.add_url_rule("/authorize", "authorize", self._ask)
        app.add_url_rule("/authorize", "authorize-decide", self._decide, methods=["POST"])

    def _chart(self) -> Response:
        wanted = request.args.get("name", "").strip()
        return _page(
            "chart.html",
            clients=[Choice(one.client_id, one.name) for one in self._clients.values()],
            clinicians=self._clinicians(),
            patients=self._patients(wanted),
            wanted=wanted,
        )

    def _launch(self) -> Response:
        client = self._clients.get(request.form.get("client", ""))
        framed = request.form.get("where") == "frame"
        context = self._chosen(banner=not framed)
        if client is None or context is None:
            return problem_page(400, "Choose one of the clinicians and patients that the chart lists.")
        query = urlencode({"iss": self._provider.site.fhir, "launch": self._provider.memory.launch(context)})
        address = f"{client.launch_url}?{query}"
        if framed:
            return _page("frame.html", address=address, app=client.name, patient=self._patient_label(context))
        return _to(address)

    def _ask(self) -> Response:
        asked = request.args.to_dict()
        if any(len(values) > 1 for values in request.args.listvalues()):
            return problem_page(400, "The app sent a parameter more than once.")
        try:
            self._provider.check_request(asked)
        except AuthorizationRefused as refused:
            return refused.response or problem_page(400, str(refused))
        if error := error_of(g.struck):
            return self._provider.refuse(asked, error)
        launch = self._provider.memory.launched(asked["launch"]) if "launch" in _scopes(asked) else None
        name = self._provider.memory.ask(asked, launch)
        return self._question(name, Request(asked, launch, 0))

    def _decide(self) -> Response:
        name = request.form.get("request", "")
        asked = self._provider.memory.asked(name)
        if asked is None:
            return problem_page(400, "This request was decided or is over. Launch the app again.")
        context = self._context(asked)
        approved = request.form.get("decision") == "approve"
        if approved and context is None:
            return self._question(name, asked, "Choose from the lists who uses the app and, if asked, on whom.")
        self._provider.memory.decided(name)
        granted = {**asked.parameters, "scope": " ".join(_granted(asked, request.form.getlist("scope")))}
        return self._provider.decide(granted, context if approved else None)

    def _question(self, name: str, asked: Request, complaint: str | None = None) -> Response:
        scopes = _scopes(asked.parameters)
        return _page(
            "authorize.html",
            400 if complaint else 200,
            request_name=name,
            app=self._clients[asked.parameters["client_id"]].name,
            address=asked.parameters["redirect_uri"],
            complaint=complaint,
            scopes=[text for text in scopes if clinical_scope(text)],
            others=[text for text in scopes if not clinical_scope(text)],
            clinicians=self._clinicians() if asked.launch is None else [],
            patients=self._patients("") if _wants_patient(asked) else [],
            patient=self._patient_label(asked.launch) if asked.launch else None,
        )

    def _context(self, asked: Request) -> Context | None:
        """Who and on whom, by the launch or by the form; None if that is not settled."""
        if asked.launch and not _wants_patient(asked):
            return asked.launch
        chosen = self._chosen(banner=True, clinician=asked.launch.clinician if asked.launch else None)
        if chosen is None or (_wants_patient(asked) and chosen.patient is None):
            return None
        return chosen

    def _chosen(self, *, banner: bool, clinician: str | None = None) -> Context | None:
        """The clinician and patient that the form names; None if one of them is not in the scenario."""
        clinician = clinician or request.form.get("clinician", "")
        patient = request.form.get("patient") or None
        known = self._scenario.get("Practitioner", clinician) is not None
        if not known or (patient and self._scenario.get("Patient", patient) is None):
            return None
        return Context(clinician, patient, banner)

    def _clinicians(self) -> list[Choice]:
        return [Choice(one["id"], _clinician_label(one)) for one in self._scenario.all("Practitioner")]

    def _patients(self, wanted: str) -> list[Choice]:
        people = (Choice(one["id"], _person_label(one)) for one in self._scenario.all("Patient"))
        return [choice for choice in people if wanted.casefold() in choice.label.casefold()]

    def _patient_label(self, context: Context) -> str | None:
        found = self._scenario.get("Patient", context.patient) if context.patient else None
        return _person_label(found) if found else None


def problem_page(status: int, text: str) -> Response:
    """A page that says what went wrong and what to do."""
    return _page("problem.html", status, title=HTTPStatus(status).phrase, text=text)


def _page(template: str, status: int = 200, **values: object) -> Response:
    return make_response(render_template(template, **values), status)


def _to(address: str) -> Response:
    return Response(status=303, headers={"Location": address})


def _scopes(asked: Mapping[str, str]) -> list[str]:
    return asked.get("scope", "").split()


def _wants_patient(asked: Request) -> bool:
    """Whether the app asks for a patient and no chart is open."""
    in_chart = asked.launch is not None and asked.launch.patient is not None
    return "launch/patient" in _scopes(asked.parameters) and not in_chart


def _granted(asked: Request, ticked: list[str]) -> list[str]:
    """The asked scopes without the ones over resources that the person left out."""
    return [text for text in _scopes(asked.parameters) if text in ticked or not clinical_scope(text)]


def _person_label(person: Json) -> str:
    name = (person.get("name") or [{}])[0]
    parts = [*name.get("given", []), name.get("family", "")]
    born = person.get("birthDate")
    return " ".join(filter(None, parts)) + (f", born {born}" if born else "")


def _clinician_label(practitioner: Json) -> str:
    npi = any(one.get("system") == "http://hl7.org/fhir/sid/us-npi" for one in practitioner.get("identifier", []))
    return _person_label(practitioner) + ("" if npi else ", no NPI")
