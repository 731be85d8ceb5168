"""Spec and lock to deployments and bundles: every decision is taken here or in a room."""
