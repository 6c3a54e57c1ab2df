"""Ten thousand idle connections, slow heads and slow readers, against a process with few descriptors."""

from __future__ import annotations

import resource
import socket
import ssl
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.fleets import uniform_fleet
from tests.certificates import Authority
from tests.e2e.processes import COMMAND, eventually, free_port, platform, running
from tests.needs import lacking

ORGANIZATIONS = 300
IDLE = 10_000
DESCRIPTORS = 256
"""Of the exporter: a quarter of what Linux gives by default, and far from 10,000."""


@contextmanager
def descriptors_for_the_crowd() -> Iterator[None]:
    """Lets this process hold one for each client; the test cannot run where the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 1_000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        lacking(f"this user may hold {hard} descriptors, and the crowd needs {wanted} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd(port: int, stop: threading.Event, members: list[socket.socket]) -> None:
    """Clients that connect and say nothing, one after the other."""
    while len(members) < IDLE and not stop.is_set():
        members.append(socket.create_connection(("127.0.0.1", port), timeout=10))


def slow_heads(port: int, stop: threading.Event, members: list[socket.socket]) -> None:
    """Clients that send their headers byte by byte; whoever is turned away comes again."""

    def begin() -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", port), timeout=10)
        opened.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        members.append(opened)
        return opened

    active = [begin() for _ in range(150)]
    while not stop.wait(0.05):
        for index, one in enumerate(active):
            try:
                one.sendall(b"x")
            except OSError:
                active[index] = begin()


def slow_readers(port: int, stop: threading.Event, members: list[socket.socket]) -> None:
    """Clients that ask for the page and take a byte of it each second."""
    for _ in range(10):
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.settimeout(10)
        opened.connect(("127.0.0.1", port))
        opened.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        members.append(opened)
    while not stop.wait(1.0):
        for one in members:
            with suppress(OSError):
                one.recv(1)


def close(members: list[socket.socket]) -> None:
    """The crowd goes home."""
    for one in members:
        one.close()


Behaviour = Callable[[int, threading.Event, list[socket.socket]], None]


class Scraped(defaultdict[str, float]):
    """The sum of the samples of each name, 0 where there is none."""

    def __init__(self, url: str, trusting: ssl.SSLContext | None) -> None:
        super().__init__(float)
        with urllib.request.urlopen(f"{url}/metrics", timeout=30, context=trusting) as answer:  # noqa: S310 - our own URL
            page = answer.read().decode()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                self[sample.name] = self[sample.name] + sample.value


@pytest.mark.parametrize("behaviour", [crowd, slow_heads, slow_readers], ids=lambda one: one.__name__)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.verify
def test_scrapes_and_polling_are_undisturbed_by(behaviour: Behaviour, scheme: str, tmp_path: Path) -> None:
    """Every scrape meanwhile is answered, every organisation is asked and answers, no descriptor is missing or lost."""
    authority = Authority(tmp_path)
    authority.issue(tmp_path / "tls.crt", tmp_path / "tls.key")
    tls = ", tls: {cert_file: tls.crt, key_file: tls.key}" if scheme == "https" else ""
    trusting = authority.trusting if scheme == "https" else None
    port = free_port()
    members: list[socket.socket] = []
    stop = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(descriptors_for_the_crowd())
        simulator = stack.enter_context(platform(tmp_path, uniform_fleet(ORGANIZATIONS), token="crowd-token"))
        (tmp_path / "config.yml").write_text(
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 5s, max_concurrency: 10}}\n"
            "organizations: {file: organizations.yml}\npoll: {interval: 2s}\n"
            f"web: {{listen: '127.0.0.1:{port}'{tls}}}\n"
        )
        log = tmp_path / "exporter.log"
        process = stack.enter_context(running(COMMAND, "serve", "--config", tmp_path / "config.yml", log=log))
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        url = f"{scheme}://127.0.0.1:{port}"
        eventually(lambda: Scraped(url, trusting)["xero_poll_success"] == ORGANIZATIONS)
        before = Scraped(url, trusting)
        stack.callback(close, members)
        clients = threading.Thread(target=behaviour, args=(port, stop, members))
        clients.start()
        stack.callback(clients.join)
        stack.callback(stop.set)
        ends = time.monotonic() + 6.0
        scrapes, slowest = 0, 0.0
        while time.monotonic() < ends or (behaviour is crowd and clients.is_alive()):
            began = time.monotonic()
            during = Scraped(url, trusting)
            slowest = max(slowest, time.monotonic() - began)
            scrapes += 1
            assert during["process_open_fds"] < DESCRIPTORS
        print(f"\n{behaviour.__name__} {scheme}: {len(members)} clients, {scrapes} scrapes, slowest {slowest:.2f} s")  # noqa: T201 - the figures are the point
        assert len(members) >= (IDLE if behaviour is crowd else 10)
        asked = during["xero_exporter_requests_total"] - before["xero_exporter_requests_total"]
        assert asked >= ORGANIZATIONS
        assert during["xero_exporter_request_failures_total"] == before["xero_exporter_request_failures_total"] == 0
        assert during["xero_poll_success"] == ORGANIZATIONS
        stop.set()
        clients.join()
        close(members)
        # Ten kept connections to the platform more or less, and the one that asks.
        eventually(lambda: Scraped(url, trusting)["process_open_fds"] <= before["process_open_fds"] + 12)
    assert "library_message" not in log.read_text()
    assert "Traceback" not in log.read_text()
