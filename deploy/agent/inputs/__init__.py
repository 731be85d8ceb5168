"""Inputs that must exist before a container can start: images and models, by content."""
