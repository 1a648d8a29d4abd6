# The words of the project, the same here and in CI. `make test ARGS="-k journal"` passes ARGS on; PYTHON=… chooses a Python.
.PHONY: help demo demo-case demo-clean test check format bench twin soak wheel lock clean
.DEFAULT_GOAL := help

PYTHON ?=
ARGS ?=
# More than two cores' worth: tests with real servers wait more than they compute.
WORKERS ?= 3
export PYTHON
PACKAGES := agent bench dashboards deploy gateway sensors telemetry
install := @deploy/with_python.sh deploy/install.py
run := .venv/bin/python

help:
	@echo "make demo        three simulated branches, broker, gateway and board on this machine"
	@echo "make demo-case   while the demo runs: test the air of a renovated branch, from closure to a report to sign"
	@echo "make demo-clean  forget what the demo has recorded (.demo/)"
	@echo "make test        all tests, with real servers                  (ARGS: of pytest)"
	@echo "make check       linters, types, who may import whom"
	@echo "make format      let ruff arrange the code"
	@echo "make bench       measure, and write bench/RESULTS.md"
	@echo "make twin        five minutes of 500 branches and a fault every ten seconds (ARGS: of bench.twin)"
	@echo "make soak        the long tests: 100,000 fault schedules, 50 times the examples, 1,000 kills"
	@echo "make wheel       build dist/openhall-*.whl"
	@echo "make lock        solve requirements/*.txt anew                  (ARGS=--upgrade: newer versions)"
	@echo "make clean       remove the environment, servers and caches; the demo's records stay"

demo:
	$(install) demo
	@exec $(run) deploy/demo.py --end-with-parent $(ARGS)

demo-case:
	@PYTHONPATH="$(CURDIR)" $(run) deploy/demo_case.py $(ARGS)

demo-clean:
	@PYTHONPATH="$(CURDIR)" deploy/with_python.sh deploy/demo.py --clean

test:
	$(install) dev
	@$(run) -m tests.unpack_servers
	@$(run) -m pytest -n $(WORKERS) --dist loadfile --durations=15 $(ARGS)

check:
	$(install) dev
	$(run) -m ruff check .
	$(run) -m ruff format --check .
	$(run) -m mypy $(addprefix -p ,$(PACKAGES))
	.venv/bin/lint-imports

format:
	$(install) dev
	$(run) -m ruff check --fix .
	$(run) -m ruff format .

bench:
	$(install) dev
	@$(run) -m tests.unpack_servers
	@$(run) -m bench $(ARGS)

twin:
	$(install) dev
	@$(run) -m tests.unpack_servers
	@$(run) -m bench.twin $(ARGS)

soak:
	$(install) dev
	@$(run) -m tests.unpack_servers
	@$(run) -m tests.simulation 0-99999
	@OPENHALL_EXAMPLES=50 $(run) -m pytest -n $(WORKERS) --dist loadfile -m hypothesis $(ARGS)
	@OPENHALL_KILLS=1000 $(run) -m pytest tests/end_to_end/test_kills.py $(ARGS)

wheel:
	$(install) dev
	@$(run) -m hatchling build --target wheel

lock:
	$(install) dev
	@$(run) -m pip --disable-pip-version-check install --quiet uv==0.13.9
	@PATH="$(CURDIR)/.venv/bin:$$PATH" deploy/lock.sh $(ARGS)

clean:
	rm -rf .venv .servers dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
