"""One file a format, each `dumps(document, style)`; `exporters.registry` finds one by name or file ending."""
