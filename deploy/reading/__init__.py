"""YAML files as typed values, or every problem at its place."""
