# `make help` lists what there is. Nothing is needed but Python 3.11 or newer, make, and a network to PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
E2E ?= tests/e2e tests/simulator
FAST ?=
CHECK ?= tests
# A script is a module by what stands in it, without a package.json that says so.
NODE_READS_MODULES := node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 22 || (major == 22 && minor >= 7) || (major == 20 && minor >= 19) ? 0 : 1)'

.DEFAULT_GOAL := help
.PHONY: help demo check test lint types contract js js-tests e2e image vercel bench bench-scale translations clean

help: ## Say what each target does
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Coordina needs Python 3.11 or newer; this one is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 demo" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(VENV)/run ## Run Coordina with sample data, and the clients' phones beside it; Ctrl-C stops both
	@$(BIN)/python -m simulator.demo

test: $(VENV)/dev ## Run every test that this machine can: the browser's too where Chromium is, PostgreSQL's where TEST_DATABASE_URL says
	@if $(NODE_READS_MODULES) 2>/dev/null; then $(MAKE) --no-print-directory js-tests; else echo "Node 20.19 or newer is not installed: the scripts' own tests were not run."; test -z "$$CI"; fi
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not e2e" --ignore tests/live $(FAST)
	$(BIN)/python -m pytest tests/live
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m e2e $(E2E)

check: lint types ## Check style and types, then run the tests but those of browsers, live servers, the simulator and backups; CHECK=tests/push runs those alone
	env -u TEST_DATABASE_URL -u TEST_POSTGRES_URL -u TEST_REDIS_URL $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "not e2e" --ignore tests/live --ignore tests/simulator --ignore tests/backup $(CHECK)

lint: $(VENV)/dev ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet app/templates simulator/templates
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

types: $(VENV)/dev ## Check the types, strictly
	$(BIN)/mypy

$(VENV)/contract/done: ci/contract/package.json
	mkdir -p $(@D)
	cp $< $(@D)
	npm install --prefix $(@D) --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

contract: $(VENV)/contract/done ## Lint docs/openapi.yaml as Redocly and Spectral do, which npm brings (Node 20 or newer)
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(<D)/node_modules/.bin/redocly lint --config ci/contract/redocly.yaml docs/openapi.yaml
	$(<D)/node_modules/.bin/spectral lint --ruleset ci/contract/spectral.yaml --fail-severity=hint docs/openapi.yaml

$(VENV)/js/done: ci/js/package.json
	mkdir -p $(@D)
	cp $< $(@D)
	npm install --prefix $(@D) --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

js-tests:
	node --test tests/js/*.test.mjs

js: $(VENV)/js/done js-tests ## Test the scripts that decide something, and check all their types (Node 20.19 or newer)
	$(<D)/node_modules/.bin/tsc --project ci/js

e2e: $(VENV)/dev ## Run the browser's tests alone
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m e2e $(E2E)

image: $(VENV)/dev ## Do what the Dockerfile says without Docker, and run what comes out of it
	$(BIN)/python .ci/image.py

vercel: $(VENV)/dev ## Build what is committed as Vercel does, and play the round trip through Vercel's own runtime
	$(BIN)/python -m ci.vercel

bench: $(VENV)/dev ## Measure against a floor in the same run: the cold start at Vercel
	$(BIN)/python -m bench.cold_start

bench-scale: $(VENV)/dev ## Measure again what docs/scale.md says, on a PostgreSQL of its own (some fifteen minutes)
	for script in instance counter partitioning replica; do $(BIN)/python -m bench.$$script || exit 1; done

translations: $(VENV)/dev ## Gather the sentences of the code into the English catalogue, and compile it
	$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext --no-wrap --omit-header --sort-by-file --add-location=file -o $(VENV)/messages.pot .
	$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d app/translations --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel compile -d app/translations --statistics

clean: ## Take away what was made here, but the database
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
