"""Conversations made of single voices: seeded, with exact truth, and with speakers that can be left out."""
