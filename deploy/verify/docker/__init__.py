"""A container's whole configuration against what its release says: an allow-list in Docker's own words."""
