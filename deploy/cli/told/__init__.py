"""What people are told of states and plans."""
