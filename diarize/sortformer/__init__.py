"""Networks that hear who speaks by themselves, and remember the speakers: streaming Sortformer's family."""
