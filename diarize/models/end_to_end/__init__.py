"""End-to-end networks: the files of their weights, and their graphs."""
