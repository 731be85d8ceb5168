"""The terminal: answers, progress, tables, questions."""
