"""What runs on hosts: plain Python 3.9, standard library only; travels as a zipapp that keeps the path deploy/agent."""
