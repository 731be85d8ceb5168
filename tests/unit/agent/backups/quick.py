"""A repository of the real restic that opens at once.

restic measures the machine when it makes a key, and lets the derivation from the password take a tenth of a second or
more of processor time at each start. The same key under a derivation of one step opens the same repository.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

BLOCK = 16
QUICK = {"N": 2, "r": 1, "p": 1}
"""The least that scrypt takes."""


def made_quick(repository: Path, password: str) -> Path:
    """Make a repository with restic, and give its key the quick derivation."""
    words = ["restic", "--no-cache", "-r", str(repository), "init"]
    environment = os.environ | {"RESTIC_PASSWORD": password}
    subprocess.run(words, check=True, capture_output=True, env=environment)
    (path,) = (repository / "keys").iterdir()
    document = json.loads(path.read_bytes())
    opened = _opened(_derived(document, password), base64.b64decode(document["data"]))
    document |= QUICK
    sealed = _sealed(_derived(document, password), os.urandom(BLOCK), opened)
    content = json.dumps(document | {"data": base64.b64encode(sealed).decode()}).encode()
    path.unlink()
    (repository / "keys" / hashlib.sha256(content).hexdigest()).write_bytes(content)
    # Each test copies it: of the 256 folders of its packs, restic makes those that it needs.
    for empty in (repository / "data").iterdir():
        empty.rmdir()
    return repository


def _derived(document: dict[str, Any], password: str) -> bytes:
    """Return restic's keys: 32 bytes to encrypt with, and 16 and 16 to sign with."""
    salt, cost = base64.b64decode(document["salt"]), {name: document[name] for name in QUICK}
    return hashlib.scrypt(password.encode(), salt=salt, n=cost["N"], r=cost["r"], p=cost["p"], maxmem=2**30, dklen=64)


def _opened(keys: bytes, sealed: bytes) -> bytes:
    nonce, content, mac = sealed[:BLOCK], sealed[BLOCK:-BLOCK], sealed[-BLOCK:]
    Poly1305.verify_tag(_once(keys, nonce), content, mac)
    return Cipher(AES(keys[:32]), CTR(nonce)).decryptor().update(content)


def _sealed(keys: bytes, nonce: bytes, opened: bytes) -> bytes:
    content = Cipher(AES(keys[:32]), CTR(nonce)).encryptor().update(opened)
    return nonce + content + Poly1305.generate_tag(_once(keys, nonce), content)


def _once(keys: bytes, nonce: bytes) -> bytes:
    """Return the key of Poly1305-AES for one nonce."""
    return keys[48:] + Cipher(AES(keys[32:48]), ECB()).encryptor().update(nonce)  # as the format says
