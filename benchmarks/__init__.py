"""Speed and accuracy, measured by hand and never in tests; README.md says how."""
