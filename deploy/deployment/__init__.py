"""What one host of a stack shall run, everything decided: plain values, no I/O."""
