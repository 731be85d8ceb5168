"""Lines for the programs that people use with their models: ready to paste, with the real addresses and names."""
