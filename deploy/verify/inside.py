"""Connections from inside of a container, by a program that its image has: bash, or the nc of Alpine's images."""

from __future__ import annotations

NO_PROGRAM = (126, 127)
"""Exit codes of a container whose image has neither."""
_CONNECT = """if command -v bash >/dev/null; then
    exec bash -c 'exec 3<>"/dev/tcp/$1/$2" && exec sh -c "$3" <&3 >&3' bash "$@"
fi
command -v nc >/dev/null || exit 127
exec nc "$1" "$2" -e sh -c "$3"
"""


def connecting(address: str, port: int, seconds: int, words: str = "true") -> list[str]:
    """Return the command that connects within these seconds and runs a shell's words on the connection.

    Its exit code is that of the words, and another one than 0 without a connection.
    """
    return ["timeout", str(seconds), "sh", "-c", _CONNECT, "connecting", address, str(port), words]
