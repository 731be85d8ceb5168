"""A double of Ollama for tests: it answers as recordings of real engines do, and says in every answer that it is one.

Standard library only: the same files run in a test's process, beside it, and in an image.
"""
