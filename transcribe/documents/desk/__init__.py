"""`transcribe open FOLDER`: its recordings in the browser, each transcribed at the press of a button."""
