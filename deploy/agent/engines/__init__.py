"""Engines as the agent's operations see them: observed, given their models, asked for a person."""
