"""What is read: paths, and what comes in on stdin."""
