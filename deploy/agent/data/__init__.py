"""Consistent copies of user data, and putting them back."""
