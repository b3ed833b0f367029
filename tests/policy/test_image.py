"""The image of the server, as its Dockerfile says it: pinned, locked by hash, not root, no secret, watched."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LET_IN = {
    "LICENSE", "README.md", "extractors", "fixtures/fhir/onc-deck", "fixtures/fhir/solo-2026", "pyproject.toml",
    "requirements.lock", "scoring", "smartapp", "templates",
}  # fmt: skip
_PINNED = re.compile(r"\S+:\d+\.\d+\.\d+[\w.-]*(?:@sha256:[0-9a-f]{64})?|\S+@sha256:[0-9a-f]{64}")
_SECRET = re.compile(r"(?i)secret|password|passwd|token|api_?key|private|credential")
_FETCHES = re.compile(r"\b(?:curl|wget|git clone|apt-get|apk|npm|--extra-index-url|--index-url|--trusted-host)\b")


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile: its word, and all that follows."""

    word: str
    rest: str


def steps_of(text: str) -> list[Step]:
    """The instructions, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def findings(text: str) -> set[str]:
    """What is wrong with a Dockerfile."""
    steps = steps_of(text)
    last = max(number for number, step in enumerate(steps) if step.word == "FROM")
    return {*_sources(steps), *_installs(steps), *_secrets(steps), *_start(steps[last:])}


def _sources(steps: list[Step]) -> set[str]:
    stages = {step.rest.split(" AS ")[1] for step in steps if step.word == "FROM" and " AS " in step.rest}
    bases = [step.rest.split()[0] for step in steps if step.word == "FROM"]
    copied = [step.rest.split() for step in steps if step.word == "COPY"]
    found = {"a base image is not pinned" for base in bases if base not in stages and not _PINNED.fullmatch(base)}
    found |= {"something is added from elsewhere" for step in steps if step.word == "ADD"}
    return found | {"a whole folder is copied blindly" for words in copied if words[0] in (".", "./", "*")}


def _installs(steps: list[Step]) -> set[str]:
    commands = [part.strip() for step in steps if step.word == "RUN" for part in step.rest.split("&&")]
    pips = [part for part in commands if re.search(r"\bpip\b.*\b(?:install|download|wheel)\b", part)]
    found = {"pip takes what no hash names" for one in pips if not re.search(r"--require-hashes|--no-index", one)}
    found |= {"pip may run code of a source archive" for one in pips if "--no-index" not in one and ":all:" not in one}
    return found | {"something is fetched beside the lock" for one in commands if _FETCHES.search(one)}


def _secrets(steps: list[Step]) -> set[str]:
    named = [step for step in steps if step.word in ("ENV", "ARG") and _SECRET.search(step.rest)]
    copied = [step for step in steps if step.word == "COPY" and re.search(r"\.(?:key|pem|sqlite|env)\b", step.rest)]
    return {"a secret is part of the image" for _ in [*named, *copied]}


def _start(stage: list[Step]) -> set[str]:
    said = {step.word: step.rest for step in stage}
    users = [step.rest for step in stage if step.word == "USER"]
    after = [step.word for step in stage[max((n for n, s in enumerate(stage) if s.word == "USER"), default=0) :]]
    found = {"it runs as root"} if not users or not re.fullmatch(r"[1-9]\d*(?::[1-9]\d*)?", users[-1]) else set()
    found |= {"files are added after root was left"} if "COPY" in after else set()
    found |= {"its health is not asked for"} if "/health" not in said.get("HEALTHCHECK", "") else set()
    found |= {"a shell stands before it"} if not said.get("ENTRYPOINT", "").startswith("[") else set()
    return found | ({"it is not stopped in good order"} if said.get("STOPSIGNAL", "SIGTERM") != "SIGTERM" else set())


OURS = (ROOT / "Dockerfile").read_text()


@pytest.mark.requirement("R119", "R122")
def test_the_image_keeps_every_rule() -> None:
    assert findings(OURS) == set()


@pytest.mark.requirement("R119", "R122")
@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("python:3.11.14-slim-bookworm AS", "python:3.11 AS", "a base image is not pinned"),
        ("python:3.11.14-slim-bookworm AS", "python:latest AS", "a base image is not pinned"),
        ("python:3.11.14-slim-bookworm AS", "python AS", "a base image is not pinned"),
        ("COPY scoring scoring", "ADD https://example.org/a.tar /", "something is added from elsewhere"),
        ("COPY scoring scoring", "COPY . .", "a whole folder is copied blindly"),
        ("--require-hashes", "", "pip takes what no hash names"),
        ("--only-binary :all:", "", "pip may run code of a source archive"),
        ("--no-index", "", "pip takes what no hash names"),
        ("EXPOSE 8180", "RUN apt-get install -y gcc", "something is fetched beside the lock"),
        ("EXPOSE 8180", "ENV PI180_SECRET=x", "a secret is part of the image"),
        ("EXPOSE 8180", "COPY pi180.key /srv/pi180/", "a secret is part of the image"),
        ("USER 10180:10180", "", "it runs as root"),
        ("USER 10180:10180", "USER 0", "it runs as root"),
        ("USER 10180:10180", "USER root", "it runs as root"),
        ("EXPOSE 8180", "USER root", "it runs as root"),
        ("EXPOSE 8180", "COPY templates templates", "files are added after root was left"),
        ("/health", "/", "its health is not asked for"),
        ('ENTRYPOINT ["pi180"]', "ENTRYPOINT pi180", "a shell stands before it"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "it is not stopped in good order"),
    ],
)
def test_a_rule_that_is_broken_is_found(before: str, after: str, finding: str) -> None:
    assert before in OURS

    assert finding in findings(OURS.replace(before, after))


@pytest.mark.requirement("R119", "R122")
def test_nothing_comes_into_the_build_but_what_it_is_made_of() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == LET_IN
    assert [name for name in LET_IN if not (ROOT / name).exists()] == []
    assert {"**/*.key", "**/*.pem", "**/*.sqlite*"} <= set(lines)


def test_whatever_is_copied_is_let_in() -> None:
    copied = [step.rest.split()[:-1] for step in steps_of(OURS) if step.word == "COPY" and "--from" not in step.rest]

    assert {name for names in copied for name in names} == LET_IN


def test_the_image_has_the_python_that_the_product_asks_for() -> None:
    asked = re.findall(r'requires-python = ">=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text())
    bases = re.findall(r"FROM python:(\d+\.\d+)\.", OURS)

    assert set(bases) == set(asked)
