"""The engine on the host: its API, Compose, and containers as they are."""
