# From a fresh clone, `make demo` or `make test` does everything. The set-up (a .venv with the
# package, its compiled kernels, all that the demo, the lessons and the tests need) happens once,
# and again when pyproject.toml, setup.py or a C source has changed.

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
STAMP := .venv/installed
LOG := .venv/install.log
EXTRAS := lessons,test,bench,dev

# Why $(PYTHON) cannot make a .venv, in one line for whoever has to do something about it, or
# nothing. Written so that even an ancient Python can read it.
PROBE := import sys; v = sys.version_info; n = "%d.%d" % v[:2]; \
  f = lambda m: __import__("importlib.util").util.find_spec(m); \
  print("Python 3.11 or later is needed, $(PYTHON) is " + n + "; try: make PYTHON=python3.11" \
  if v < (3, 11) else "" if f("venv") and f("ensurepip") else "$(PYTHON) cannot make a virtual " \
  "environment; on Debian or Ubuntu: apt install python" + n + "-venv")
MISSING := $(PYTHON) was not found; on Debian or Ubuntu: apt install python3-venv
problem = $(shell $(PYTHON) -c '$(PROBE)' 2>/dev/null || echo "$(MISSING)")

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench clean distclean

help:
	@echo "make demo       train on real data, explain and draw a network; everything lands in out/"
	@echo "make test       run the tests             (make test ARGS='-k erf' for some of them)"
	@echo "make lint       check format and style    (make format mends what can be mended)"
	@echo "make bench      measure against peers     (make bench ARGS=scalar for one family)"
	@echo "make setup      only the set-up that the others do by themselves"
	@echo "make clean      remove what was made      (make distclean: the .venv as well)"
	@echo "ENGINE_PURE=1 make ...     without the compiled kernels"
	@echo "make PYTHON=python3.12 ... with another Python, for a new .venv"

setup: $(STAMP)
	@:

demo: $(STAMP)
	@$(BIN)/python -m examples.demo $(ARGS)

test: $(STAMP)
	@$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

format: $(STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf out build dist *.egg-info .pytest_cache .ruff_cache .hypothesis $(STAMP)
	rm -f engine/_kernels*.so
	find . -name .venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv

# The kernels are compiled even under ENGINE_PURE, a wish for this run and not for the next.
# An old extension is removed first, lest a failed compilation leave it in use. setup.py says, in a
# line that begins with "engine:", when it had to do without; that line is all that is shown.
$(STAMP): pyproject.toml setup.py $(wildcard csrc/*.c csrc/*.h csrc/*.pyx csrc/*.pxi)
	$(if $(wildcard $(BIN)/pip),,$(eval why := $(strip $(problem)))$(if $(why),$(error $(why))))
	@echo "setting up .venv (once; it may take a few minutes)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@rm -f engine/_kernels*.so
	@env -u ENGINE_PURE $(BIN)/python -m pip install --verbose --disable-pip-version-check \
		--no-input --editable '.[$(EXTRAS)]' > $(LOG) 2>&1 \
		|| { tail -n 30 $(LOG) >&2; echo "the set-up failed; all of it is in $(LOG)" >&2; exit 1; }
	@sed -n 's/^ *\(engine: \)/\1/p' $(LOG)
	@touch $@
