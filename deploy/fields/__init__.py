"""Types that kit.yaml is written with: single values, and the bases of services and engines."""
