"""Observations of a host."""
