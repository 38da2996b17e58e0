"""The parts of the server; `transcribe.server` puts them together."""
