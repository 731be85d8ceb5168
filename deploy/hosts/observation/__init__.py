"""Observations of hosts: one probe, read into typed values."""
