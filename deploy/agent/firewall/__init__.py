"""Rules of the kit's own that close the way from other machines to the addresses of a stack's containers."""
