"""Requests to engines on the host, and the records about them."""
