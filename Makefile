# The few commands of this project; CI calls the same ones.
VENV := .venv
PYTHON := $(VENV)/bin/python
# The tools of the environment come first, so that tests and workflows run what was locked.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
EVENT := tests/cases/events/comment-hello.json

.PHONY: demo test quick check bench soak generate lock clean

demo: $(VENV)/.runtime  ## from a comment to a multi-architecture image, with no root, no daemon and no registry
	@echo "--- the workflows that the tree needs"
	@$(PYTHON) -m generator
	@echo; echo "--- what the comment in $(EVENT) would build"
	@$(PYTHON) -m action simulate --event $(EVENT) --permission write
	@echo; echo "--- build it"
	@rm -rf build/demo
	@SOURCE_DATE_EPOCH=0 $(PYTHON) -m action build hello v1.0.0 --output oci:build/demo

test: $(VENV)/.development  ## every test, on real parts
	@tests/install-tools
	@$(PYTHON) -m pytest

quick: $(VENV)/.development  ## the tests that need no real program: no registry, no act, no builder
	@$(PYTHON) -m pytest -m "not real and not slow"

check: $(VENV)/.development  ## style, types, and that the emitted workflows are what the tree needs
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(PYTHON) -m generator --check
	@check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@check-jsonschema --builtin-schema vendor.github-actions action/action.yml
	@zizmor --offline --quiet --persona auditor .github action

soak: $(VENV)/.development  ## the long seeded runs: faults, crashes, random trees
	@tests/install-tools
	@$(PYTHON) -m pytest -m soak -o faulthandler_timeout=0

bench: $(VENV)/.development  ## speed, as ratios to public tools in the same run
	@tests/install-tools bench
	@$(PYTHON) -m tests.benchmarks

generate: $(VENV)/.runtime  ## write .github/workflows and the issue form
	@$(PYTHON) -m generator

lock: $(VENV)/.development  ## lock the packages anew, by hash; needs uv
	@for set in action helm dev; do \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    --upgrade pyproject.toml -o requirements/$$set.txt \
	    $$(case $$set in helm) echo --extra helm -c requirements/action.txt ;; \
	                     dev) echo --extra helm --extra dev -c requirements/helm.txt ;; esac); \
	done
	@echo pip-audit | uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --upgrade -c requirements/dev.txt - -o requirements/audit.txt

clean:
	@rm -rf build $(VENV)

$(VENV)/.runtime: requirements/helm.txt
	@python3 action/bootstrap.py install $(VENV) $<
	@touch $@

$(VENV)/.development: requirements/dev.txt
	@python3 action/bootstrap.py install $(VENV) $<
	@touch $@ $(VENV)/.runtime
