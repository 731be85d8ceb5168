"""kit: infrastructure as code for private LLM servers."""

__version__ = "0.1.0"
