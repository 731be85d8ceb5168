"""Spec and lock to deployments and bundles: every decision is made here or in a room."""
