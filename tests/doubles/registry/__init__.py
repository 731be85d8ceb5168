"""Registries for tests: one that has models as engines pull them, and images published where Docker pulls them."""
