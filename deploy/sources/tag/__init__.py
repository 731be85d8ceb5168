"""A model that a library has under a tag: its engine pulls it, and the agent gets no file."""
