# Two commands for a newcomer: `make demo`, then `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/.installed
PROGRAMS := .programs

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types contracts docs docs-check alerts dashboards mutate-alerts ci verify bench soak lock programs clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(ENVIRONMENT) ## simulated MemberPulse and this exporter on loopback, ready to look at
	@exec $(BIN)/xero-exporter demo

test: $(ENVIRONMENT) programs ## the fast truth: everything but the slow checks
	PATH="$(CURDIR)/$(PROGRAMS)/usr/bin:$$PATH" $(BIN)/pytest -n 5 --dist worksteal -m "not verify" $(ARGS)

verify: $(ENVIRONMENT) programs ## the slow checks: whole fleets of 10,000, over minutes
	PATH="$(CURDIR)/$(PROGRAMS)/usr/bin:$$PATH" $(BIN)/pytest -m verify $(ARGS)

bench: $(ENVIRONMENT) programs ## costs, side by side with other ways, half an hour; writes bench/results.md, polling.md
	$(BIN)/python -m bench.scrape --largest 100000 --enter bench/results.md
	$(BIN)/python -m bench.poll --write bench/polling.md --enter bench/results.md
	$(BIN)/python -m bench.diagnosis --enter bench/results.md
	$(BIN)/python -m bench.hook --enter bench/results.md
	$(BIN)/python -m bench.pages --enter bench/results.md
	PATH="$(CURDIR)/$(PROGRAMS)/usr/bin:$$PATH" $(BIN)/python -m bench.rules --enter bench/results.md

soak: $(ENVIRONMENT) ## half an hour of faults, edits, reloads and slow clients: nothing may grow; writes bench/results.md, soak.md
	$(BIN)/python -m bench.soak --write bench/soak.md --enter bench/results.md

lint: $(ENVIRONMENT) ## style and the usual mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(ENVIRONMENT) ## put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(ENVIRONMENT) ## mypy --strict
	$(BIN)/mypy

contracts: $(ENVIRONMENT) ## imports run one way
	$(BIN)/lint-imports

docs: $(ENVIRONMENT) ## write the generated references
	$(BIN)/xero-exporter docs metrics > docs/metrics.md
	$(BIN)/xero-exporter docs config > docs/config.md
	$(BIN)/xero-exporter docs reasons > docs/reasons.md
	$(BIN)/xero-exporter docs troubleshooting > docs/troubleshooting.md
	$(BIN)/xero-exporter docs remediation > docs/remediation.md

docs-check: $(ENVIRONMENT) ## the generated references are in step
	@for what in metrics config reasons troubleshooting remediation; do \
		$(BIN)/xero-exporter docs $$what | diff -u docs/$$what.md - \
			|| { echo "docs/$$what.md is out of step: run 'make docs'" >&2; exit 1; }; \
	done

alerts: $(ENVIRONMENT) ## write the rules, their stories and the operator's objects in alerts/
	$(BIN)/python -m alerts

dashboards: $(ENVIRONMENT) ## write Grafana's dashboards in dashboards/json/
	$(BIN)/python -m dashboards

mutate-alerts: $(ENVIRONMENT) programs ## spoil each line of the rules: a test must notice; a quarter of an hour; writes bench/alert-mutants.md
	PATH="$(CURDIR)/$(PROGRAMS)/usr/bin:$$PATH" $(BIN)/python -m alerts.mutating --write bench/alert-mutants.md

ci: lint types contracts docs-check test ## all that must hold before a change lands

programs: ## Prometheus and Alertmanager from Debian's packages, unpacked beside the project; nothing is installed or started
	@tests/programs $(PROGRAMS)

lock: ## resolve the dependencies anew, with hashes and without addresses (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--quiet --upgrade pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--quiet --upgrade pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--quiet --upgrade --constraint requirements/dev.txt --group build -o requirements/build.txt

# An environment whose Python is gone, or that was made for another folder, is made anew.
ifneq ($(shell cat $(ENVIRONMENT) 2>/dev/null && $(BIN)/python -c '' 2>/dev/null && echo works),$(CURDIR) works)
$(shell rm -f $(ENVIRONMENT))
endif

# --no-build-isolation: the build backend is locked with the rest, so nothing unlocked is fetched.
$(ENVIRONMENT): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; say which: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo "Python's venv is missing. On Debian: sudo apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo $(CURDIR) > $@

clean: ## remove what make made
	rm -rf $(VENV) $(PROGRAMS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
