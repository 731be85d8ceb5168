"""Operation `knock`: tries connections to addresses of another machine, as a program on this one does."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from deploy.agent.contract.knocking import KnockAnswer, Knocked, KnockRequest, Question
    from deploy.agent.journal import Journal

CONNECT_SECONDS = 2
"""A firewall that drops packets costs this time once: all connections are tried at the same time."""
ANSWER_SECONDS = 20
LONGEST_SECONDS = 30
"""Limit of a whole answer, of which a program may send a byte now and then without an end."""
WORKERS = 64
BODY_BYTES = 200
Connection = Union[http.client.HTTPConnection, http.client.HTTPSConnection]


def run(request: KnockRequest, _journal: Journal) -> KnockAnswer:
    """Answer every question."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return {"answers": list(pool.map(_answer, request["questions"]))}


def _answer(question: Question) -> Knocked:
    answer: Knocked = {"source": "", "status": 0, "body": "", "trouble": ""}
    connection = _connection(question)
    try:
        connection.connect()
        answer["source"] = connection.sock.getsockname()[0]
        if question["path"]:
            _ask(connection, question, answer)
    except ValueError:
        # Its words would hold the header, and so the key.
        answer["trouble"] = "the key holds characters that no header can carry"
    except OSError as problem:
        answer["trouble"] = (problem.strerror or str(problem) or type(problem).__name__).lower()
    except http.client.HTTPException:
        # Its words are the other program's, which may repeat the request, and so the key.
        answer["trouble"] = "the answer is no HTTP"
    finally:
        connection.close()
    return answer


def _connection(question: Question) -> Connection:
    address, port = question["address"], question["port"]
    if question["tls"]:
        return http.client.HTTPSConnection(address, port, timeout=CONNECT_SECONDS, context=_unverified())
    return http.client.HTTPConnection(address, port, timeout=CONNECT_SECONDS)


def _unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate: the question is who is answered, and no secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ask(connection: Connection, question: Question, answer: Knocked) -> None:
    connection.sock.settimeout(ANSWER_SECONDS)
    headers = {"Authorization": f"Bearer {question['key']}"} if question["key"] else {}
    with _cut_after(LONGEST_SECONDS, connection.sock):
        connection.request("GET", question["path"], headers=headers)
        heard = connection.getresponse()
        answer["body"] = heard.read(BODY_BYTES).decode(errors="replace")
        answer["status"] = heard.status


@contextmanager
def _cut_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """End a connection that is still read after so many seconds."""

    def cut() -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
