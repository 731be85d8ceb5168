"""Lines for the programs that people use with their models: ready to be pasted, with the real addresses and names."""
