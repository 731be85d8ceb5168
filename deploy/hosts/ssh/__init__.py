"""OpenSSH to a host: its connection, the first start of the agent, passwords, and failures in words."""
