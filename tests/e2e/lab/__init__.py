"""Target hosts in containers: systemd or none, sshd, and room for a Docker Engine of their own."""
