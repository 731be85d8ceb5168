"""Changes hosts as planned: phases under the hosts' hold, then checks."""
