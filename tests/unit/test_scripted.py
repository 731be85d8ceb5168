"""The engine of the tests that plays a script."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

from tests.unit.agent.engines.scripted import scripted
from tests.waiting import wait_until


def test_a_client_that_asks_nothing_leaves_no_thread_behind() -> None:
    with scripted(lambda _: None) as server:
        address = urlsplit(server.url)
        before = threading.active_count()
        with socket.create_connection((address.hostname or "", address.port or 0)):
            wait_until(lambda: threading.active_count() > before, "it is heard", saw=threading.enumerate)
        wait_until(lambda: threading.active_count() <= before, "its thread has ended", saw=threading.enumerate)
    assert server.asked == []
