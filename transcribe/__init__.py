"""The application people run; the only place that knows all of the rest, prints and exits."""
