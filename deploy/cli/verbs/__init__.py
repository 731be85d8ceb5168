"""One file per verb: its options and one call."""
