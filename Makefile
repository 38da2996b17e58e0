# The README's two commands, and what CI checks besides. Use another interpreter with: make PYTHON=python3.12 test
PYTHON ?= python3
.PHONY: demo test lint fuzz

demo:
	$(PYTHON) -m venv .venv && .venv/bin/pip install '.[offline]' && .venv/bin/transcribe --diarize examples/meeting.wav -o meeting.srt

test:
	$(PYTHON) -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest

lint:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

# About an hour: every fuzzing test for 100 seconds, from a seed of its own. What fails tells the seed.
fuzz:
	DIARFUSE_FUZZ_SECONDS=100 .venv/bin/python -m pytest tests/security -k fuzz
