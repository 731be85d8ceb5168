"""The phases of an apply, decided from the plans of its hosts. Pure."""
