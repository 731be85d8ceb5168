"""A token of another application's, which Open WebUI keeps encrypted for a person."""

from __future__ import annotations

import json

from tests.e2e.stack import Stack

TOKEN = {"access_token": "from the other application", "expires_at": 4102444800}
_TABLE = """
import asyncio, json, os, pathlib, sys
# Process 1 only waits for the application, and has none of the secrets that its start adds.
commands = {each.parent: each.read_bytes().split(b"\\0") for each in pathlib.Path("/proc").glob("[0-9]*/cmdline")}
server = max((process for process, words in commands.items() if b"uvicorn" in words), key=lambda each: int(each.name))
for pair in (server / "environ").read_text().rstrip("\\0").split("\\0"):
    name, _, value = pair.partition("=")
    os.environ[name] = value
from open_webui.models.oauth_sessions import OAuthSessions
token, user = json.loads(sys.argv[1]), sys.argv[2]
"""
_KEEP = f"{_TABLE}assert asyncio.run(OAuthSessions.create_session(user, 'other', token)) is not None"
_READ = f"{_TABLE}print(json.dumps([one.token for one in asyncio.run(OAuthSessions.get_sessions_by_user_id(user))]))"


def keep_token(stack: Stack, user: str) -> None:
    """Let the application keep the token for a person."""
    _told(stack, _KEEP, user)


def kept_tokens(stack: Stack, user: str) -> list[object]:
    """Return the tokens of a person, as the application reads them."""
    tokens: list[object] = json.loads(_told(stack, _READ, user).splitlines()[-1])
    return tokens


def _told(stack: Stack, program: str, user: str) -> str:
    argv = ["python3", "-c", program, json.dumps(TOKEN), user]
    code, said = stack.service("open_webui").container.exec_run(argv)
    assert isinstance(said, bytes)
    assert code == 0, said.decode()
    return said.decode()
