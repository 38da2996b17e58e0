"""A server of others does the work, and learns no names."""
