"""Saved transcripts: where they come from, how they are edited, and how a recording is heard again for them."""
