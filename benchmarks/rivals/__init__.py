"""Every system under test behind one door: a process of its own, in its own environment."""
