# What one types: `make run`, `make test`, `make audit`, `make bench`, `make faults`, `make docs`, `make reset`.

PYTHON ?= python3
PY := .venv/bin/python

.PHONY: run test bench faults reset help
.NOTPARALLEL:

help:
	@echo "make run     the desk with demo data on http://localhost:8000 (PORT=8123 DATA_DIR=… change that)"
	@echo "make test    all checks and tests"
	@echo "make audit   bandit, bill of materials, known vulnerabilities (make bill writes the bill)"
	@echo "make docs    the documentation as a site, into site/"
	@echo "make bench   the benchmarks, as a table"
	@echo "make faults  every fault, as a table (FAULTS_TABLE=docs/faults.md writes it down), and what takes long"
	@echo "make reset   wipes var/ (or DATA_DIR)"

run: .venv/embedded.installed
	@exec $(PY) manage.py desk

reset:
	@$(PYTHON) -m incidentdesk.embedded.reset

bench: .venv/dev.installed
	@$(PY) -m bench

faults: .venv/dev.installed
	@$(PY) -m pytest -p tests.faults.table -m fault tests
	@$(PY) -m pytest -m "long and not fault" --ignore=tests/journeys tests
	@$(PY) -m pytest -m "long and not fault" tests/journeys

# --- the checks, in the order in which they fail fastest -------------------------------------------

.PHONY: tools format lint types imports migrations deploy audit bill docs suite journeys
test: tools format lint types imports migrations deploy audit docs suite journeys
	@CI= .ci/tools
	@echo "All checks passed."

tools: .venv/dev.installed
	@.ci/tools

format: .venv/dev.installed
	@echo "── format"
	@$(PY) -m ruff format --check .

lint: .venv/dev.installed
	@echo "── lint"
	@$(PY) -m ruff check .

types: .venv/dev.installed
	@echo "── types"
	@$(PY) -m mypy .

imports: .venv/dev.installed
	@echo "── import contracts"
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

migrations: .venv/dev.installed
	@echo "── missing migrations"
	@$(PY) manage.py makemigrations --check --dry-run

# With the settings of a production installation; nothing is connected to.
deploy: .venv/dev.installed
	@echo "── check --deploy"
	@DATABASE_URL=postgresql://desk_app:x@db.invalid/incidentdesk?sslmode=verify-full REDIS_URL=rediss://redis.invalid:6379/0 \
	 EMAIL_URL=smtp://mail.invalid:587?tls=starttls DEFAULT_FROM_EMAIL=desk@desk.example \
	 SITE_URL=https://desk.example TRUSTED_PROXIES=1 \
	 SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	 $(PY) manage.py check --deploy --fail-level WARNING

# Bandit and the bill of materials need no network; the advisories do, and say so if there is none.
audit: .venv/dev.installed
	@echo "── audit"
	@$(PY) .ci/bandit.py
	@$(PY) .ci/bill.py --check
	@$(PY) .ci/vulnerable.py

bill: .venv/dev.installed
	@$(PY) .ci/bill.py

# A link that leads nowhere, or a page that stands in no menu, fails it.
docs: .venv/dev.installed
	@echo "── docs"
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet

suite: .venv/dev.installed
	@echo "── tests"
	@$(PY) -m pytest -n 2 --dist worksteal --ignore=tests/journeys --ignore=tests/faults -m "not long"

journeys: .venv/dev.installed
	@echo "── journeys"
	@$(PY) -m pytest tests/journeys -m "not long"

# --- what has to be installed; a stamp says that it is ----------------------------------------------

INSTALL = $(PY) -m pip install --disable-pip-version-check -r

.venv/embedded.installed: requirements.txt requirements/embedded.txt | .venv/made
	@echo "Installing what the desk needs (under a minute on a fast line) …"
	@$(INSTALL) requirements/embedded.txt
	@touch $@

.venv/dev.installed: requirements.txt requirements/embedded.txt requirements/dev.txt | .venv/made
	@echo "Installing what the checks need (about a minute on a fast line) …"
	@$(INSTALL) requirements/dev.txt
	@touch $@ .venv/embedded.installed

.venv/made:
	@command -v $(PYTHON) >/dev/null || { \
	 echo "Python is missing: install it (Debian: apt install python3 python3-venv)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	 echo "Python 3.11 or newer is needed and this is $$($(PYTHON) -V): run make PYTHON=python3.12 (or the like)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	 echo "Python's venv is missing: install it (Debian: apt install python3-venv)."; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv
	@touch $@
