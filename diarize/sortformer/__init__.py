"""End-to-end networks: one hears who speaks by itself, and remembers the speakers: streaming Sortformer's family."""
