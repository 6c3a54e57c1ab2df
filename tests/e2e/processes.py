"""Starts the real programs: the installed command, the simulated platform, Prometheus."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from exporter.simulator.fleets import organizations_yaml
from exporter.simulator.server import Server, Simulator
from exporter.simulator.world import SimulatedOrganization, World
from tests.needs import program

COMMAND = Path(sys.executable).parent / "xero-exporter"
Result = TypeVar("Result")


def free_port() -> int:
    """A port that nobody listens on now, outside the range from which the system gives ports to others meanwhile."""
    while True:
        port = random.randrange(10_000, 30_000)  # noqa: S311 - any will do
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


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


NO_STATUS_PAGES = {"XERO_EXPORTER_XERO__STATUS_PAGES": "[]"}
"""Keeps an exporter on this machine: without it, it would ask Xero's real status pages."""


@contextmanager
def running(
    *arguments: str | Path, log: Path, environment: dict[str, str] | None = None, inside: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program with its output in a file, started in the folder `inside`; ended with the block.

    It reads no status page unless told to.
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **NO_STATUS_PAGES, **(environment or {})},
            cwd=inside,
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
def in_thread(server: Server) -> Iterator[None]:
    """A simulated server at work in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def platform(folder: Path, fleet: Sequence[SimulatedOrganization], *, token: str) -> Iterator[Simulator]:
    """The simulated platform. Writes token and organizations.yml to `folder`."""
    (folder / "token").write_text(token)
    (folder / "organizations.yml").write_text(organizations_yaml(fleet))
    simulator = Simulator(World(fleet, admin_token=token))
    with in_thread(simulator):
        yield simulator


@contextmanager
def exporter(
    folder: Path, config: str, environment: dict[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`serve` with this configuration on a free port; gives its URL and the process."""
    (folder / "config.yml").write_text(f"{config}\nweb: {{listen: '127.0.0.1:0'}}\n")
    log = folder / "exporter.log"
    with running(COMMAND, "serve", "--config", folder / "config.yml", log=log, environment=environment) as process:
        started = re.compile(r'"event": "started".*"address": "([^"]+)"')
        found = eventually(lambda: started.search(log.read_text()))
        assert found is not None
        yield found[1], process


@contextmanager
def prometheus(
    folder: Path, target: str, *, rules: Path | None = None, alertmanager: str = "", seconds: int = 1
) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """A real Prometheus that scrapes `target`; gives a function that asks it an instant query.

    It evaluates its rules only once it scrapes, and is given to the caller only once it knows whom to tell: before, it
    would find the exporter absent, and lose what it has to tell.

    Args:
        folder: for its files.
        target: URL of the exporter.
        rules: a file of rules.
        alertmanager: URL of whom to tell; of a pair both, with a space between.
        seconds: between two scrapes.
    """
    url = f"http://127.0.0.1:{free_port()}"
    config = folder / "prometheus.yml"

    def configured(*rule_files: Path) -> str:
        managers = [one.removeprefix("http://") for one in alertmanager.split()]
        return (
            f"global: {{scrape_interval: {seconds}s}}\n"
            f"rule_files: {[str(one) for one in rule_files]}\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: {managers}}}]}}]}}\n"
            "scrape_configs:\n"
            f"  - {{job_name: xero, static_configs: [{{targets: ['{target.removeprefix('http://')}']}}]}}\n"
        )

    def asked(path: str) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(get(f"{url}/api/v1/{path}"))["data"]

    def query(expression: str) -> list[dict[str, Any]]:
        return list(asked(f"query?{urllib.parse.urlencode({'query': expression})}")["result"])

    config.write_text(configured())
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        # An alert that was told must be told again in four times as long, or Alertmanager takes it for resolved; a
        # minute, the default, is longer than scaled stories.
        f"--rules.alert.resend-delay={5 * seconds}s",
    )
    with running(program("prometheus", "prometheus"), *arguments, log=folder / "prometheus.log") as process:
        eventually(lambda: get(f"{url}/-/ready"))
        if rules is not None:
            eventually(lambda: query('up{job="xero"} == 1'))
            config.write_text(configured(rules))
            process.send_signal(signal.SIGHUP)
            eventually(lambda: asked("rules")["groups"])
        if alertmanager:
            # Asked after the rules are there: a reload forgets every Alertmanager for some seconds.
            eventually(lambda: len(asked("alertmanagers")["activeAlertmanagers"]) == len(alertmanager.split()))
        yield query
