"""Models as resources of an engine: the present ones, the missing ones, and how they get there."""
