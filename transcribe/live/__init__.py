"""`transcribe live`: words and speakers while people speak."""
