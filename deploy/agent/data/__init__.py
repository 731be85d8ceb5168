"""Consistent copies of user data, and their restore."""
