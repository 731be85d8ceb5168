"""The kit's program on hosts: plain Python 3.9, standard library only; a zipapp that keeps the path deploy/agent."""
