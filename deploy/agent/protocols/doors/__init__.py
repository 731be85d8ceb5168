"""Doors to the protocols: nothing else imports what belongs to one."""
