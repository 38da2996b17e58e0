"""One thin file per speech recogniser; each imports its engine only when it is used.

`registry.create` makes a recogniser by name, `align.align` gives words with
times to those that know only lines. Nothing here knows of diarization.
"""
