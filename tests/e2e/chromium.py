"""A browser in a network of its own.

Chromium gives up every request that is on its way when an interface of its network comes or goes
(ERR_NETWORK_CHANGED), as it does with each container that starts beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.e2e.closed import closed
from tests.e2e.proxies import led_to

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    # Its driver stays outside, and no port of this network leads in there.
    "--remote-debugging-pipe",
)


@contextmanager
def browser_that_reaches(port: int, folder: Path, *more: str) -> Iterator[Chrome]:
    """Start a browser that reaches one port of this machine alone, and keeps what it writes in the folder."""
    at, starter = folder / "page.sock", folder / "chromium"
    starter.write_text(f'#!/bin/sh\nexec {shlex.join(closed(at, port))} /usr/bin/chromium "$@"\n')
    starter.chmod(0o755)
    options = ChromeOptions()
    options.binary_location = str(starter)
    for flag in (*FLAGS, f"--user-data-dir={folder / 'browser'}", *more):
        options.add_argument(flag)
    with led_to(port, at):
        driver = Chrome(options, ChromeService("/usr/bin/chromedriver"))
        try:
            yield driver
        finally:
            driver.quit()
