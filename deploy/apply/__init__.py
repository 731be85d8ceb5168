"""Makes a host as planned: one playbook run under the host's hold, then checks."""
