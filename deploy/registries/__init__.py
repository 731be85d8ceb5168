"""Registries, package indexes and addresses, and how they are asked what a name means today."""
