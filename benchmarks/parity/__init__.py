"""Ours against the implementation it follows."""
