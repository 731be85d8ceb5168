"""Failures that a host notices by itself, and the call that tells of them."""
