"""Registries, package indexes and addresses, with the requests for a name's current content."""
