"""Corrections of a saved transcript as pure functions; `fusion.document` keeps their history."""
