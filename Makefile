# Each command first makes .venv, or brings it up to date, and then runs in it.
# Without make: CONTRIBUTING.md has the same commands in plain form.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet

# The dates in the sitemap are those of the last commit, so that a commit always builds the same bytes.
COMMITTED := $(shell git log -1 --format=%ct 2>/dev/null)
ifneq ($(COMMITTED),)
export SOURCE_DATE_EPOCH ?= $(COMMITTED)
endif

# Until 3.13, Python reads the path of an installed checkout as the locale has it.
ifneq ($(shell locale charmap 2>/dev/null),UTF-8)
export LC_ALL := C.UTF-8
endif

.DEFAULT_GOAL := help
.PHONY: help serve test site links bench mutants page fix lock tools traces clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "make %-7s %s\n", $$1, $$2 }'

# The theme's notice that it ends is for who publishes; CONTRIBUTING.md says what then.
serve: export NO_MKDOCS_2_WARNING := 1
serve: .venv/site.done ## Build the guide and show it at http://127.0.0.1:8000, again after each change
	$(BIN)/python -m mkdocs serve $(if $(ADDRESS),--dev-addr $(ADDRESS))

test: .venv/checks.done ## Check style, types, formulas, pages and the built site (ARGS="-k lora" for some)
	@echo "$(if $(ARGS),Some of the checks,All checks: about a minute on two cores; over half an hour where make tools has run) ..."
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(or $(ARGS),tests dlp)

# Built beside and swapped in: a build that fails or is interrupted leaves the old site as it was.
site: .venv/site.done ## Build the guide into site/
	@rm -rf .site .site.old
	$(BIN)/python -m mkdocs build --strict --site-dir .site
	@if [ -e site ]; then mv site .site.old; fi; mv .site site; rm -rf .site.old
	@[ -n "$$GUIDE_SITE_URL" ] || echo "The site's links to itself are local: to publish it, set GUIDE_SITE_URL to its address."

links: site ## Ask every address outside of the guide whether it is still there (needs a network)
	$(BIN)/python -m tests.site.links site

bench: .venv/site.done ## Measure the build, the import and what a first visit transfers
	$(BIN)/python -m tests.bench

mutants: .venv/mutants.done ## Change the formulas in thousands of ways, each of which a test must see
	$(BIN)/python -m tests.mutants.run $(ARGS)

page: .venv/site.done ## Start a new page: make page NAME=my-topic
	@$(BIN)/python -m _guide.engine.new_page # which reads NAME from the environment

fix: .venv/site.done ## Format the code and repair what the linter can
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

tools: .venv/tools.done ## Install PyTorch, the libraries and a browser driver, so that make test skips nothing

traces: .venv/tools.done ## Trace every recorded training step anew, in each release of the libraries (half an hour)
	$(BIN)/python -m tests.recorders.releases

clean: ## Remove all that these commands made
	rm -rf .venv site .site .site.old .mypy_cache .pytest_cache .ruff_cache .hypothesis .mutants.sqlite

# The pins. All files agree with each other, and with every system and Python from 3.11 on.
COMPILE = $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(UPGRADE)

lock: .venv/site.done ## Pin versions anew after a change to pyproject.toml (UPGRADE=--upgrade for newer ones)
	@$(PIP) --require-hashes -r requirements/lock.txt
	$(COMPILE) --group checks -o requirements/checks.txt
	$(COMPILE) --group site -c requirements/checks.txt -o requirements/site.txt
	$(COMPILE) --group tools -c requirements/checks.txt -o requirements/tools.txt
	$(COMPILE) --group mutants -c requirements/checks.txt -o requirements/mutants.txt
	$(COMPILE) --group lock -o requirements/lock.txt
	$(COMPILE) tests/recorders/requirements.in -c requirements/checks.txt \
		--excludes tests/recorders/torch.txt -o tests/recorders/requirements.txt
	$(COMPILE) --no-deps tests/recorders/older.in -o tests/recorders/older.txt
	$(COMPILE) --no-deps tests/recorders/liger.in -o tests/recorders/liger.txt

# What is installed, one file per state. Paths are relative: make cannot cope with spaces.
.venv/site.done: requirements/site.txt pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("The guide needs Python 3.11 or newer; $(PYTHON) is Python %d.%d. Name a newer one: make PYTHON=python3.13" % v[:2])' && \
		echo "Making .venv and installing what the guide needs (once, about half a minute) ..." && \
		rm -rf .venv && $(PYTHON) -m venv .venv; }
	@$(PIP) --require-hashes -r requirements/site.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/checks.done: .venv/site.done requirements/checks.txt
	@echo "Installing what the checks need ..."
	@$(PIP) --require-hashes -r requirements/checks.txt
	@touch $@

.venv/mutants.done: .venv/checks.done requirements/mutants.txt
	@$(PIP) --require-hashes -r requirements/mutants.txt
	@touch $@

# PyTorch comes first and on its own, so that a build for the CPU can be chosen: GUIDE_TORCH_INDEX is
# an index that has one. Only there is no hash asked for, since every build has another.
.venv/tools.done: .venv/checks.done requirements/tools.txt tests/recorders/torch.txt tests/recorders/requirements.txt tests/recorders/older.txt tests/recorders/liger.txt
	@echo "Installing PyTorch, the libraries and a browser driver ..."
	@$(PIP) $(if $(GUIDE_TORCH_INDEX),--no-deps --index-url $(GUIDE_TORCH_INDEX)) -r tests/recorders/torch.txt
	@$(PIP) --no-deps --require-hashes -r tests/recorders/requirements.txt
	@rm -rf .venv/transformers-4.48 .venv/liger-kernel
	@$(PIP) --no-deps --require-hashes --target .venv/transformers-4.48 -r tests/recorders/older.txt
	@$(PIP) --no-deps --require-hashes --target .venv/liger-kernel -r tests/recorders/liger.txt
	@$(PIP) --require-hashes -r requirements/tools.txt
	@touch $@
