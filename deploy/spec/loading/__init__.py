"""kit.yaml into a Spec, or every problem in it at once."""
