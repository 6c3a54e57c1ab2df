"""Starts the real programs: the installed command, the simulated platform, Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

COMMAND = Path(sys.executable).parent / "xero-exporter"
Result = TypeVar("Result")


def program(name: str) -> str:
    """The path of a system program; without it the test is skipped, or fails where CI=true."""
    found = shutil.which(name)
    if found is not None:
        return found
    why = f"{name} is not on this machine (on Debian: sudo apt install prometheus)"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(probe: Callable[[], Result], *, within: float = 30.0) -> Result:
    """What `probe` returns, once that is true; an OSError of it counts as not yet."""
    deadline = time.monotonic() + within
    while True:
        last: object = None
        try:
            if last := probe():
                return last
        except OSError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come to hold within {within} s; last: {str(last)[:2000]}")
        time.sleep(0.1)


def get(url: str, token: str | None = None) -> str:
    """The body of an answer."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - our own URLs
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
        return str(answer.read().decode())


@contextmanager
def running(
    *arguments: str | Path, log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program with its output in a file; ended with the block."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def platform(folder: Path, *, organizations: int, speed: float = 1.0, token: str) -> Iterator[str]:
    """The simulated platform as a process of its own; gives its URL. Writes token and organizations.yml to `folder`."""
    (folder / "token").write_text(token)
    log = folder / "platform.log"
    arguments = (
        *("--listen", "127.0.0.1:0", "--organizations", str(organizations), "--speed", str(speed)),
        *("--token-file", str(folder / "token"), "--organizations-file", str(folder / "organizations.yml")),
    )
    with running(sys.executable, "-m", "exporter.simulator", *arguments, log=log):
        line = eventually(lambda: next((one for one in log.read_text().splitlines() if "listening on" in one), ""))
        yield line.rpartition(" ")[2]


@contextmanager
def exporter(folder: Path, config: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`serve` with this configuration; gives its URL and the process."""
    port = free_port()
    (folder / "config.yml").write_text(f"{config}\nweb: {{listen: '127.0.0.1:{port}'}}\n")
    with running(COMMAND, "serve", "--config", folder / "config.yml", log=folder / "exporter.log") as process:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: get(f"{url}/-/healthy"))
        yield url, process


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Callable[[str], list[dict[str, object]]]]:
    """A real Prometheus that scrapes `target` each second; gives a function that asks it an instant query."""
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        f"  - {{job_name: xero, static_configs: [{{targets: ['{target.removeprefix('http://')}']}}]}}\n"
    )
    arguments = (
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )

    def query(expression: str) -> list[dict[str, object]]:
        asked = urllib.parse.urlencode({"query": expression})
        found = json.loads(get(f"http://127.0.0.1:{port}/api/v1/query?{asked}"))
        return list(found["data"]["result"])

    with running(program("prometheus"), *arguments, log=folder / "prometheus.log"):
        eventually(lambda: get(f"http://127.0.0.1:{port}/-/ready"))
        yield query
