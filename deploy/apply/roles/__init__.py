"""Phases that Ansible carries out: one run over all hosts, and the variables of each role."""
