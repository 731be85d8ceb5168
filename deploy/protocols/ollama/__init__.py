"""Ollama's protocol: the grammar of Modelfiles, requests that create models, and an engine's answers about them."""
