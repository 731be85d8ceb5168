"""Ollama's protocol: the grammar of Modelfiles, requests that create models, and what an engine shows of them."""
