"""Releases on the host: place them, converge to them, roll them back, remove them."""
