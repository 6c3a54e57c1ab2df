"""Debian's Alertmanager with the shipped routes, and whoever is told at the other end."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from tests.e2e.processes import eventually, free_port, get, running
from tests.needs import program


class Mailbox:
    """A small server that every receiver's address leads to; it keeps what comes, by receiver."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: list[dict[str, Any]] = []
        mailbox = self

        class Post(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with mailbox._lock:
                    mailbox._bodies.append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silence."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Post)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def notifications(self) -> list[dict[str, Any]]:
        """Everything that came, in order."""
        with self._lock:
            return list(self._bodies)

    def told(self, status: str = "firing") -> set[tuple[str, str, str]]:
        """Receiver, alert and organisation (or nothing) of each alert that ever came with that status."""
        return {
            (body["receiver"], alert["labels"]["alertname"], alert["labels"].get("organization_id", ""))
            for body in self.notifications()
            for alert in body["alerts"]
            if alert["status"] == status and alert["labels"]["alertname"] != "XeroWatchdog"
        }

    def comes_to(self, wanted: set[tuple[str, str, str]], status: str = "firing", *, within: float = 30.0) -> None:
        """Waits until exactly these were told; fails with the difference."""
        deadline = time.monotonic() + within
        while self.told(status) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        told = self.told(status)
        assert told == wanted, f"too much: {sorted(told - wanted)}; missing: {sorted(wanted - told)}"


def everywhere_to(mailbox: Mailbox, routes: str) -> str:
    """The shipped routes with every receiver's address leading to the mailbox, and an office that is always open."""
    routes = re.sub(r"url: \S+", f"url: {mailbox.url}", routes)
    routes = re.sub(r"\n +http_config:\n +authorization: .*", "", routes)
    routes = routes.replace('["monday:friday"]', '["sunday:saturday"]')
    return routes.replace('start_time: "08:00", end_time: "18:00"', 'start_time: "00:00", end_time: "24:00"')


@contextmanager
def alertmanager(folder: Path, routes: str, *cluster: str) -> Iterator[str]:
    """A real Alertmanager with these routes; gives its URL.

    Args:
        folder: for its files.
        routes: its configuration.
        cluster: where it listens to its peers, then where these do; nothing: it has none.
    """
    port = free_port()
    own, *peers = cluster or ("",)
    (folder / "alertmanager.yml").write_text(routes)
    arguments = (
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--cluster.listen-address={own}",
        *(f"--cluster.peer={peer}" for peer in peers),
        # How long one waits for what the other has told: the default, 15 s, is not scaled.
        "--cluster.peer-timeout=1s",
    )
    url = f"http://127.0.0.1:{port}"
    command = Path(program("prometheus-alertmanager"))
    # Unpacked and not installed, it finds its templates below the folder that it is started in (tests/programs).
    with running(command, *arguments, log=folder / "alertmanager.log", inside=command.parents[2]) as process:

        def ready() -> str:
            assert process.poll() is None, (folder / "alertmanager.log").read_text()
            return get(f"{url}/-/ready")

        eventually(ready)
        yield url


def post(url: str, alerts: Sequence[Mapping[str, str]], *, ended: bool = False) -> None:
    """Tells Alertmanager of alerts with these labels, as Prometheus does."""
    now = datetime.now(UTC)
    # An alert that began longer ago than its group waits is told at once: whoever inhibits it would come too late.
    began, ends = (now - timedelta(minutes=1), now) if ended else (now, now + timedelta(minutes=10))
    body = [{"labels": dict(labels), "startsAt": began.isoformat(), "endsAt": ends.isoformat()} for labels in alerts]
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - as above
