# The two commands: `make demo` and `make test`. Each does its own set-up the first time. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
SECONDS_OF_DEMO ?= 90
BINARY := build/release/vigil

.PHONY: help setup demo demo-headless test build unit e2e lint format asan tsan fuzz bench clean

help: ## this list
	@grep -hE '^[a-z][a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: ## packages, OpenVINO, models (idempotent; the first time takes minutes)
	@tools/setup/all.sh

build: setup ## the release binary, build/release/vigil
	@tools/build.sh release vigil vigil-camera vigil-inbox

demo: build ## a live camera, people recognised, alerts sent; open the address it prints
	@$(BINARY) demo

demo-headless: build ## the same without a browser: ends by itself, fails when somebody was missed or misnamed
	@$(BINARY) demo --headless --seconds $(SECONDS_OF_DEMO) --json

test: setup ## everything that proves it: unit, layer, tool and end-to-end tests
	@tools/setup/test_environment.sh
	@tools/build.sh release all
	@VIGIL_REQUIRE_MODELS=1 ctest --test-dir build/release --output-on-failure -j $(JOBS)
	@build/venv/bin/python -m pytest -q tools/models/tests tests/e2e

unit: setup ## unit tests alone
	@tools/setup/test_environment.sh
	@tools/build.sh release all
	@ctest --test-dir build/release --output-on-failure -j $(JOBS)

e2e: build ## end-to-end tests alone: the real binary, real servers
	@tools/setup/test_environment.sh
	@build/venv/bin/python -m pytest -q tests/e2e

lint: setup ## clang-format and clang-tidy, both kept at zero
	@tools/setup/test_environment.sh
	@tools/lint.sh

format: ## rewrites the sources in the one format
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

asan: setup ## unit tests without the HTTP room under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/setup/test_environment.sh
	@tools/build.sh asan-ubsan all
	@ctest --test-dir build/asan-ubsan --output-on-failure -j $(JOBS)

tsan: setup ## the same under ThreadSanitizer
	@tools/setup/test_environment.sh
	@tools/build.sh tsan all
	@ctest --test-dir build/tsan --output-on-failure -j $(JOBS)

fuzz: setup ## a minute of fuzzing for each parser of outside bytes
	@tools/setup/test_environment.sh
	@tools/fuzz.sh

bench: build ## speed beside the peers, kernels, curves (build/bench, docs/performance.md); tools/bench.sh names its variables
	@tools/build.sh release all
	@tools/bench.sh

clean: ## removes what was built; downloads stay in ~/.cache/vigil
	@rm -rf build
