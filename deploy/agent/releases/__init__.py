"""Releases on the host: placed, converged to, taken back, removed; and what lies beside them."""
