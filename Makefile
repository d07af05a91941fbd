# The commands of the village hub. Each makes the environment it needs by itself: on a fresh Debian
# it takes Python 3.11 and make. `make help` lists them.
#   make run CONFIG=/etc/village-hub/config.yaml      another configuration
#   make test TESTS="tests/unit -k tasmota"           some of the tests
#   make PYTHON=/usr/bin/python3.12 test              another Python

export PYTHON ?= python3
CONFIG ?= config.yaml
TESTS ?= tests
# A drill may take an hour; a test that takes five minutes hangs.
DRILL_TIMEOUT_S ?= 7200

bin := .venv/bin
environment := $(PYTHON) scripts/environment.py
# Debian keeps mosquitto and ip where a plain user does not look.
export PATH := $(PATH):/usr/sbin:/sbin
.DEFAULT_GOAL := help
.PHONY: help run test check check-lint check-types check-levels check-web check-aarch64
.PHONY: check-wheel drill bench lock format clean

help: ## this list
	@printf 'Thôn thông minh / The village hub\n\n'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1 |\2/p' Makefile | sed 's/ *|/|/' | \
		while IFS='|' read -r name text; do printf '%-22s %s\n' "$$name" "$$text"; done

run: ## chạy thôn mẫu, Ctrl-C để dừng / run the sample village, Ctrl-C to stop
	@$(environment) run
	@$(bin)/python scripts/run_village.py --config $(CONFIG)

test: ## mọi bài kiểm tra, cả trình duyệt / all tests, the browser included
	@scripts/debian-packages test
	@$(environment) dev
	@find web/lib -name '*.test.js' | xargs -r node --test --test-reporter=spec
	@$(bin)/python -m pytest -m "not drill" $(TESTS)

check: check-lint check-types check-levels check-web check-aarch64 ## all checks below but the wheel

check-lint: ## quy tắc viết mã / style and common mistakes (ruff)
	@$(environment) dev
	$(bin)/ruff check
	$(bin)/ruff format --check

check-types: ## kiểu dữ liệu / types (mypy strict)
	@$(environment) dev
	$(bin)/mypy

check-levels: ## tầng / imports go down only (import-linter)
	@$(environment) dev
	$(bin)/lint-imports

check-web: ## kiểu trong web/ / types in web/ (tsc --checkJs)
	@scripts/debian-packages check
	@$(environment) node
	npx --no-install tsc

check-aarch64: ## thư viện chạy được trên Pi / every dependency has a wheel for a Pi
	@$(environment) dev
	@$(bin)/python scripts/check_aarch64.py

check-wheel: ## dựng wheel, cài sạch, chạy thử / build the wheel, install it cleanly, start it
	@$(environment) dev
	@$(bin)/python scripts/check_wheel.py

drill: ## thử sập và chạy lâu (hàng giờ) / long crash and soak runs (hours)
	@scripts/debian-packages test
	@$(environment) dev
	@$(bin)/python -m pytest -m drill -o faulthandler_timeout=$(DRILL_TIMEOUT_S) $(TESTS)

bench: ## đo tốc độ của máy này / measure this machine
	@scripts/debian-packages test
	@$(environment) dev
	@$(bin)/python -m benchmarks

lock: ## ghi lại phiên bản thư viện / write the lock files anew (UPGRADE=1: newest versions)
	@$(environment) lock
	@UPGRADE=$(UPGRADE) scripts/lock $(bin)/uv
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

format: ## sửa cách trình bày mã / lay out the code and mend what can be mended
	@$(environment) dev
	$(bin)/ruff check --fix
	$(bin)/ruff format

clean: ## xoá những gì đã dựng (không xoá data/) / remove what was built (never data/)
	rm -rf .venv node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
