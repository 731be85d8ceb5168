"""Certificates that sign themselves, for engines behind TLS."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def own_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that signs itself, with its key in one file."""
    path = folder / "own.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-keyout", str(path), "-out", str(folder / "public.pem"), "-subj", "/CN=engine"]
    subprocess.run([*argv, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "public.pem").read_text())
    return path


def served_with(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
