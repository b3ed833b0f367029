# Two commands do all the set-up: `make demo` and `make test`. Everything else is part of one of them.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
SHARED ?= ../shared

BENCH_VENV := .venv-bench
MEASURE := $(BENCH_VENV)/bin/python -m benchmarks
SIZE ?= 100
ROUNDS ?= 5
BASE ?= 100
LARGE ?= 5000
NOTE ?=
GIVEN = $(if $(filter command line environment,$(origin SIZE)),$(SIZE),$(1))

SPARK_VENV := .venv-spark
SPARK_BIN := $(SPARK_VENV)/bin
CORPORA ?= out/corpus

QUICK := "not browser and not conformance and not integration and not bruteforce and not spark"

.PHONY: install demo test lint types layers tests coverage browser audit conformance integration bench bench-peers bench-growth bench-ratios bench-profile bench-crawl bench-bulk bench-spark bruteforce spark spark-install spark-corpus lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Install it, for instance: apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$(PYTHON) has no venv or ensurepip. Install the package that holds them, on Debian and Ubuntu: apt-get install python$$v-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: install
	$(BIN)/pi180 demo

# What only reads the sources runs side by side; tests have both cores to themselves.
test: install
	$(MAKE) -j 2 lint types layers
	$(MAKE) tests
	$(MAKE) browser

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

layers: install
	$(BIN)/lint-imports

tests: install
	$(BIN)/pytest -n 2 --dist worksteal -m $(QUICK)

coverage: install
	$(BIN)/pytest -n 2 --dist worksteal -m $(QUICK) --cov --cov-report=term:skip-covered --cov-fail-under=90

browser: install
	@BIN=$(BIN) sh tests/browser/chromium.sh $(BIN)/pytest -n 2 --dist worksteal -m browser tests/browser

conformance: install
	PI180_SHARED=$(SHARED) $(BIN)/pytest -n 2 --dist worksteal -m conformance tests/conformance

integration: install
	PI180_SHARED=$(SHARED) $(BIN)/pytest -m integration tests/integration

# Other parsers and a profiler live in an environment of their own: where orjson is installed, fhir.resources takes it.
$(BENCH_VENV)/.installed: requirements-bench.lock
	$(PYTHON) -m venv --clear $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-bench.lock
	@touch $@

bench: $(BENCH_VENV)/.installed
	$(MEASURE).extract --size $(SIZE) --rounds $(ROUNDS) --note "$(NOTE)"

# A peer that cannot be installed or loaded here is left out, and the bench says so.
bench-peers: $(BENCH_VENV)/.installed
	-$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-peers.lock
	-cd benchmarks/peers && npm ci --silent --ignore-scripts --no-audit --no-fund
	$(MEASURE).peers --size $(call GIVEN,20) $(if $(OPENSSL),--openssl $(OPENSSL)) --note "$(NOTE)"

bench-growth: $(BENCH_VENV)/.installed
	$(MEASURE).growth --size $(call GIVEN,1000) --base $(BASE) --note "$(NOTE)"

bench-ratios: $(BENCH_VENV)/.installed
	$(MEASURE).ratios --size $(call GIVEN,1000) --large $(LARGE) --rounds $(ROUNDS) --note "$(NOTE)"

bench-profile: $(BENCH_VENV)/.installed
	$(MEASURE).profiling --size $(SIZE)

bench-crawl: install
	$(BIN)/python benchmarks/crawl.py

bench-bulk: install
	$(BIN)/python benchmarks/bulk.py

.PHONY: bench-start
bench-start: install
	$(BIN)/python benchmarks/start.py

bruteforce: install
	$(BIN)/pytest -n 2 -m bruteforce
	$(BIN)/python -m tests.bruteforce.speed

# Spark is apart from all others: it needs Java, and what the registry has of it is a source archive of 430 MB.
spark-install: $(SPARK_VENV)/.installed

$(SPARK_VENV)/.installed: requirements-spark.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Install it, for instance: apt-get install python3"; exit 1; }
	@test -n "$(JAVA_HOME)" || command -v java >/dev/null 2>&1 || { \
		echo "Spark needs Java 17 or newer and none was found. Install it, for instance: apt-get install openjdk-17-jre-headless"; exit 1; }
	$(PYTHON) -m venv --clear $(SPARK_VENV)
	$(SPARK_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary pyspark -r requirements-spark.lock
	$(SPARK_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

spark: spark-install
	$(SPARK_BIN)/pytest -m spark tests/spark

spark-corpus: spark-install
	$(SPARK_BIN)/python -m benchmarks.spark_corpus --corpora $(CORPORA) --size $(SIZE)

bench-spark: spark-install
	$(SPARK_BIN)/python -m benchmarks.spark --corpora $(CORPORA) --size $(SIZE)

audit: install
	$(BIN)/python tests/policy/audit.py

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group dev pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group bench --constraint requirements.lock pyproject.toml -o requirements-bench.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group bench-peers -o requirements-peers.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group dev --extra spark -c requirements.lock pyproject.toml -o requirements-spark.lock

clean:
	rm -rf $(VENV) $(BENCH_VENV) $(SPARK_VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
