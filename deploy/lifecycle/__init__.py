"""What happens to a stack between applies: stopping, starting, building again, removing, looking."""
