"""Checks across parts of kit.yaml."""
