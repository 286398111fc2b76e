# Everything needs just Python (3.11 or newer), git, make and a Python package index.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Two cores are the machine this is sized for, which four workers keep busy, as tests wait for boards; more help.
WORKERS ?= 4

# Containers like to say that Python is to keep no byte code. Then each of the thousand interpreters that the
# tests start would compile hostkit anew, a quarter of a second for a verb.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo graph test lint browser builds unit firmware hil mutants bench contest lock clean

help: ## Show the targets.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--config-settings editable_mode=compat -e '.[dev]'
	@$(BIN)/hostkit doctor --fix
	@touch $@

setup: $(READY) ## Make .venv, install hostkit and provision PlatformIO.

demo: $(READY) ## A change that passes and merges, one that the wire stops; on virtual boards.
	@$(BIN)/hostkit demo

graph: $(READY) ## A plan of 22 tasks on three boards, its runner killed twice, to the last commit (some minutes).
	@$(BIN)/hostkit demo --graph

# Stages that leave a core idle run beside each other, and are shown when they are over. The firmware's own
# tests come after the others, which compile the same files.
test: ## Everything that CI runs.
	@test -e $(READY) || echo "first $(VENV), style, types and layers: about two minutes until that is shown"
	@$(MAKE) --no-print-directory -j2 --output-sync=target browser lint builds
	@$(MAKE) --no-print-directory unit
	@echo "the firmware's own tests, and a gate on a virtual board: about half a minute until they are shown"
	@$(MAKE) --no-print-directory -j2 --output-sync=target firmware hil

lint: $(READY) ## Style, types and the layers of the design.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The page of a run is tested in a real browser, which is no Python package.
browser: ## Install Chromium for the page's test, where this is root and has apt-get.
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing Chromium for the test of the page (about half a minute)"; mkdir -p build; \
		DEBIAN_FRONTEND=noninteractive timeout 300 sh -c 'apt-get update -q && \
			apt-get install -q -y --no-install-recommends chromium chromium-driver fonts-dejavu-core' \
			>build/chromium.log 2>&1 || echo "no Chromium (build/chromium.log): the page is not tested in a browser"; \
	else echo "no Chromium: the page is not tested in a browser (apt-get install chromium chromium-driver)"; fi

# Before the tests: those that build begin at once, and each would compile zig's own libraries for itself.
builds: $(READY) ## The firmware of the two envs that need no registry.
	@mkdir -p build
	@for env in virtual esp32c3; do \
		$(BIN)/hostkit build -e $$env >build/$$env.log 2>&1 || { cat build/$$env.log; exit 1; }; done

unit: $(READY) ## Unit, contract, integration and acceptance tests.
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests
	@test ! -d build/screenshots || echo "screenshots of the page of a run: build/screenshots/"

firmware: $(READY) ## The firmware's own tests, on this machine, with sanitizers where there are some.
	$(BIN)/python firmware/test/run.py

hil: $(READY) ## The hardware suite on a virtual board: build, flash, test, verdict.
	$(BIN)/hostkit gate --fresh -e virtual -b virt0

mutants: $(READY) ## Proof that the suite can fail: all planted faults, 100 generic ones (half an hour).
	@$(BIN)/hostkit hil mutants --generic 100

bench: $(READY) ## Benchmarks beside bare tools, as a table; never fails on a timing.
	$(BIN)/python benchmarks/run.py

contest: $(READY) ## 200 jobs of 8 worktrees on 2 boards, while workers are killed (some 5 minutes).
	@$(BIN)/python -P tests/acceptance/queue_contest.py

lock: ## Write constraints.txt anew from pyproject.toml.
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(VENV)-lock/bin/pip freeze --exclude-editable --exclude hostkit > constraints.txt
	rm -rf $(VENV)-lock

clean: ## Remove what make made here; the user's caches stay.
	rm -rf $(VENV) .hostkit .pio build *.egg-info .pytest_cache .mypy_cache .ruff_cache
