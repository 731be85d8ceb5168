"""The wire to an agent: the protocol of transports, requests and answers, the hold, and the agent as one file."""
