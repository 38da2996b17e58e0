"""`transcribe open`: the page of a saved transcript, served to this machine's own browser, which edits the file."""
