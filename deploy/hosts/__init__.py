"""How a host is reached, and what it says of itself."""
