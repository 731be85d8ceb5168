"""Texts for people about states and plans."""
