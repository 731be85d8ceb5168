"""Backups of a stack: consistent copies, given to restic."""
