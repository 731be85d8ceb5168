"""Fingerprints of public keys, against what gpg says of a key that it made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.registries.openpgp import KeyDamagedError, dearmored, fingerprints


def gpg(home: Path, *words: str) -> bytes:
    argv = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
    return subprocess.run(argv, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A keyring with two keys, one of them with a subkey."""
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    gpg(home, "--passphrase", "", "--quick-generate-key", "one <one@example.org>", "rsa2048", "sign", "1d")
    gpg(home, "--passphrase", "", "--quick-generate-key", "two <two@example.org>", "future-default", "default", "1d")
    yield home
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)


def test_a_keys_fingerprint_is_the_one_that_gpg_says_with_and_without_armor(home: Path) -> None:
    for name in ("one", "two"):
        listed = gpg(home, "--with-colons", "--list-keys", name).decode().splitlines()
        wanted = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        armored = gpg(home, "--armor", "--export", name)
        assert fingerprints(dearmored(armored)) == [wanted]
        assert dearmored(armored) == dearmored(gpg(home, "--export", name))


def test_every_key_of_a_file_is_told(home: Path) -> None:
    assert len(fingerprints(dearmored(gpg(home, "--armor", "--export")))) == 2


@pytest.mark.parametrize(
    "damage", [b"nokey", b"<html></html>", b"\x99\x01\x0d\x04", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"]
)
def test_what_is_no_key_is_told(damage: bytes) -> None:
    with pytest.raises(KeyDamagedError):
        fingerprints(dearmored(damage))


def test_a_damaged_text_is_told(home: Path) -> None:
    armored = gpg(home, "--armor", "--export", "one").replace(b"=\n", b"!\n")
    broken = armored.replace(b"\n\n", b"\n\n*", 1)
    with pytest.raises(KeyDamagedError, match="damaged"):
        dearmored(broken)
