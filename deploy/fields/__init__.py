"""Types of kit.yaml: single values, and the bases of services and engines."""
