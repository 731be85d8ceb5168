"""Facts that the sources of model files share: written, pinned, measured, and counted by a plan."""
