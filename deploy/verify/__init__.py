"""Checks of a stack that runs: pytest in a process of its own, which asks hosts through their transports."""
