"""Transports to hosts, and hosts' observations of themselves."""
