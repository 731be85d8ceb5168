"""Memory of weights, context and cards: pure rules from the header of a model's file."""
