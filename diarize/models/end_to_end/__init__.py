"""Networks that hear who speaks by themselves: the files of their weights, and their graphs."""
