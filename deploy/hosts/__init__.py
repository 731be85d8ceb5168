"""The door to hosts: transports by name, and the same task for several hosts."""
