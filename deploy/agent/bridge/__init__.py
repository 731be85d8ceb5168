"""The bridge: a person's way to the files of a container."""
