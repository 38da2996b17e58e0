"""The voices enrolled on this machine."""
