"""`python -m diarfuse`: the command line, whatever `transcribe` on the PATH is."""

from diarfuse.transcribe.__main__ import main

main()
