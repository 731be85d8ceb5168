"""How engines are asked on the host, and what is remembered of them."""
