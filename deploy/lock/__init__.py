"""kit.lock: every moving input of a spec, pinned."""
