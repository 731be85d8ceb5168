"""Protocols of engines, each under its own name."""
