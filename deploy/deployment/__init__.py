"""Everything that one host of a stack runs, decided: plain values, no I/O."""
