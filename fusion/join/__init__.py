"""The join: one function puts a speaker on every word, and says why."""
