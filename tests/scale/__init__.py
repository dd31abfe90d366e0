"""Measurements: run by hand, or in their small form by CI. None of them is a test, and none asserts a time."""
