# The server and its worker, from this repository, with nothing but what requirements.lock names by its hash.
# The build needs a network for two things, the base image and the locked wheels; what runs needs none to start.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m pip download --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: \
    --dest /wheels -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY smartapp smartapp
COPY extractors extractors
COPY scoring scoring
COPY templates templates
COPY fixtures/fhir/solo-2026 fixtures/fhir/solo-2026
COPY fixtures/fhir/onc-deck fixtures/fhir/onc-deck
# Of the locked wheels only those that the product itself depends on are installed: no tool of its tests.
RUN python -m venv /opt/pi180 \
    && /opt/pi180/bin/python -m pip install --disable-pip-version-check --no-cache-dir --no-index \
    --find-links /wheels /src

FROM python:3.11.14-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/pi180/bin:$PATH
COPY --from=build /opt/pi180 /opt/pi180
# Settings, keys, data and results are mounted here, owned by this user; everything else may be read-only, with a
# tmpfs at /tmp.
WORKDIR /srv/pi180
USER 10180:10180
EXPOSE 8180
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8180/health', timeout=4)"]
ENTRYPOINT ["pi180"]
CMD ["serve", "--settings", "/srv/pi180/pi180.toml"]
