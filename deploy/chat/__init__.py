"""Talking with models as any program does: where they answer, and what they say."""
