"""One file per format, each `dumps(transcript) -> str`; `exporters.registry` finds one by name or file ending."""
