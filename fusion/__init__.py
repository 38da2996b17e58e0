"""Who said what: join a transcript's words to a diarization's turns. Arithmetic on intervals and text."""
