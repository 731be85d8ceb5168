"""Operation `relay`: leads a socket of the user's to one that root alone may use, until standard input closes.

SSH forwards sockets as the user who signed in. The new socket lies in a folder of that user's alone, who became root to
ask for it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.relay import RelayRequest
    from deploy.agent.journal import Journal

FOLDERS = "/run"
BLOCK = 1 << 16


def run(request: RelayRequest, _journal: Journal) -> None:
    """Say where the socket is, and relay."""
    folder = tempfile.mkdtemp(prefix="kit-relay-", dir=FOLDERS)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            path = Path(folder, "socket")
            listener.bind(str(path))
            listener.listen()
            for owned in (path, Path(folder)):
                os.chown(owned, request["uid"], -1)
            print(json.dumps({"socket": str(path)}), flush=True)
            threading.Thread(target=_accept, args=(listener, request["path"]), daemon=True).start()
            while os.read(sys.stdin.fileno(), BLOCK):
                pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _accept(listener: socket.socket, path: str) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(path)
        except OSError:
            # The asker sees its connection end, as it would at a socket without a listener.
            near.close()
            far.close()
            continue
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on to their end; the other direction may go on."""
    try:
        while piece := source.recv(BLOCK):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone: the other shall not wait for it.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
