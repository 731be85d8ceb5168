"""Names of the kernel's settings for addresses that come after Docker at a boot."""

from __future__ import annotations

SETTINGS = ("net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind")
