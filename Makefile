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
.PHONY: help setup demo test lint format bench sanitize sanitize-threads clean distclean

help:
	@echo "make demo       train on real data, explain and draw a network; everything lands in out/"
	@echo "make test       run the tests             (make test ARGS='-k erf' for some of them)"
	@echo "make lint       check format and style    (make format mends what can be mended)"
	@echo "make sanitize   test the kernels with the compiler's memory checks (about 4 minutes)"
	@echo "make sanitize-threads  and run them on many threads with its check for races"
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

# $(call runtime,asan) is where the compiler keeps that runtime library, or its bare name where it
# has none.
runtime = $(shell $(CC) -print-file-name=lib$(1).so 2>/dev/null)
need_runtime = $(if $(findstring /,$(call runtime,$(1))),,$(error $(CC) has no lib$(1).so, which \
  this needs; on Debian or Ubuntu: apt install gcc, then make CC=gcc $@))

# The tests of the kernels, with AddressSanitizer and UndefinedBehaviorSanitizer compiled into them;
# in a copy of the tree, lest anybody work with the slow kernels. Python is not compiled so, hence
# the runtime must be preloaded, and leaks are not looked for: all that Python and NumPy keep until
# the end would count as one. Without memory malloc shall give NULL, as it does elsewhere. What
# undefined behaviour is found ends the process (setup.py's -fno-sanitize-recover).
SANITIZED := build/sanitize
sanitize: $(STAMP)
	$(call need_runtime,asan)
	@rm -rf $(SANITIZED) && mkdir -p $(SANITIZED)
	@cp -R csrc engine tests setup.py pyproject.toml README.md $(SANITIZED)/
	@rm -f $(SANITIZED)/engine/_kernels*
	@cd $(SANITIZED) && ENGINE_SANITIZE=address ENGINE_REQUIRE_EXT=1 CC=$(CC) \
		$(CURDIR)/$(BIN)/python setup.py -q build_ext --inplace > build.log 2>&1 \
		|| { tail -n 30 build.log >&2; exit 1; }
	@cd $(SANITIZED) && env -u ENGINE_PURE ENGINE_REQUIRE_EXT=1 \
		LD_PRELOAD=$(call runtime,asan) UBSAN_OPTIONS=print_stacktrace=1 \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
		$(CURDIR)/$(BIN)/python -m pytest tests/kernels -m "not torch" --capture=sys \
		-p no:cacheprovider $(ARGS)

# A program of its own (tests/kernels/races.c): ThreadSanitizer wants to have compiled all of it.
RACED := threads scratch instruction_set $(notdir $(basename \
  $(wildcard csrc/fused*.c csrc/matmul*.c csrc/pooling*.c)))
sanitize-threads: build/races/races
	@TSAN_OPTIONS=halt_on_error=1 $<

build/races/races: $(RACED:%=build/races/%.o) build/races/races.o
	@$(CC) -fsanitize=thread $^ -o $@ -lm -lpthread

build/races/%.o: csrc/%.c $(wildcard csrc/*.h)
	$(call need_runtime,tsan)
	@mkdir -p $(@D)
	@$(CC) -O1 -g -fsanitize=thread -Wno-psabi -Icsrc -c $< -o $@

build/races/%.o: tests/kernels/%.c $(wildcard csrc/*.h)
	$(call need_runtime,tsan)
	@mkdir -p $(@D)
	@$(CC) -O1 -g -fsanitize=thread -Wno-psabi -Icsrc -c $< -o $@

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
