"""Conversations with models, as any program has them: their addresses, requests and answers."""
