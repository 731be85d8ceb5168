"""The protocol in which models are made: its requests, and what an engine of it keeps on the disk."""
