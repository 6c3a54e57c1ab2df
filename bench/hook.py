"""What 10,000 alerts in one post cost an exporter that polls and is scraped meanwhile, over real sockets.

Run it from the folder of the project: ``python -m bench.hook [--turns N] [--enter FILE]``. Two minutes with the
defaults. Exit code 1 when a post takes longer than it may.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench import programs
from bench.entry import enter, verdict
from bench.minute import scraped
from bench.own import own_metrics

ORGANIZATIONS: Final = 10_000
INTERVAL: Final = 60
MAY_TAKE: Final = 2.0
"""Seconds until the post is acknowledged: Alertmanager gives up after its ``group_interval``, people earlier."""
SHOULD_TAKE: Final = 1.2

ALERTS_TOKEN: Final = "bench-alerts-token"  # noqa: S105 - made up
PROBE: Final = 0.005
"""Seconds between two looks at whether the loop still answers."""
_TEXTS: Final = {
    "summary": "Contacts of an organisation do not reach Xero.",
    "runbook_url": "https://runbooks.example/xero/XeroContactsNotSyncing.md",
    "steps_url": "https://xero-exporter.example/organizations/",
}


@dataclass(frozen=True, slots=True)
class Post:
    """What one post cost.

    Attributes:
        wall: seconds from its first byte to the whole answer.
        cpu: user and system seconds of the exporter meanwhile, polling and scrapes included.
        idle: the same of a span as long, without a post.
        grown: MB by which its largest resident memory rose.
        peak: that memory, MB.
        gap: seconds of the slowest answer to somebody who asks all the time whether it is alive.
        readings: of organisations a second meanwhile.
    """

    wall: float
    cpu: float
    idle: float
    grown: float
    peak: float
    gap: float
    readings: float


@dataclass
class Prober:
    """Asks whether the exporter is alive, again and again, and scrapes it beside."""

    url: str
    slowest: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Until it is ended."""
        connection = connected(self.url)
        while not self.ended.wait(PROBE):
            began = time.perf_counter()
            connection.request("GET", "/-/healthy")
            connection.getresponse().read()
            self.slowest = max(self.slowest, time.perf_counter() - began)
        connection.close()

    def scrape(self) -> None:
        """Until it is ended, each half second."""
        while not self.ended.wait(0.5):
            scraped(self.url, "gzip")


def connected(url: str) -> http.client.HTTPConnection:
    """A connection to that URL's host."""
    address = urlsplit(url)
    assert address.hostname is not None
    return http.client.HTTPConnection(address.hostname, address.port, timeout=60)


@contextmanager
def probed(url: str) -> Iterator[Prober]:
    """Somebody asks and somebody scrapes while the block lasts."""
    prober = Prober(url)
    threads = [threading.Thread(target=work) for work in (prober.ask, prober.scrape)]
    for thread in threads:
        thread.start()
    try:
        yield prober
    finally:
        prober.ended.set()
        for thread in threads:
            thread.join()


def storm(turn: int) -> bytes:
    """A group of 10,000 alerts as one post, 560 bytes for each; other alerts each turn."""
    alerts = [
        {
            "status": "firing",
            "labels": {
                "alertname": "XeroContactsNotSyncing",
                "issue": "contacts_failing",
                "job": "xero",
                "organization_id": f"org-{number:05}",
                "remediation": "request",
                "severity": "warning",
            },
            "annotations": _TEXTS,
            "startsAt": f"2026-01-01T00:{turn:02}:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=xero_issue&g0.tab=1",
            "fingerprint": f"{turn:02x}{number:014x}",
        }
        for number in range(ORGANIZATIONS)
    ]
    group = {"version": "4", "status": "firing", "receiver": "remediation", "truncatedAlerts": 0, "alerts": alerts}
    return json.dumps(group).encode()


def readings(url: str) -> float:
    """How many readings it has made."""
    return own_metrics(scraped(url, "identity")[0])["xero_exporter_requests_total{memberpulse}"]


def posted(url: str, pid: int, turn: int) -> Post:
    """One post, and a span as long without one."""
    body = storm(turn)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ALERTS_TOKEN}"}
    before = programs.peak_mb(pid)
    asked, began = readings(url), time.perf_counter()
    with probed(url) as prober:
        time.sleep(1.0)
        connection = connected(url)
        prober.slowest = 0.0
        cpu, began_post = programs.cpu_seconds(pid), time.perf_counter()
        connection.request("POST", "/hooks/alertmanager", body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        wall, cpu = time.perf_counter() - began_post, programs.cpu_seconds(pid) - cpu
        gap = prober.slowest
        connection.close()
        assert (answer.status, told.get("recorded")) == (202, ORGANIZATIONS), told
    rate = (readings(url) - asked) / (time.perf_counter() - began)
    peak = programs.peak_mb(pid)
    time.sleep(15)  # what the post asks for is planned
    with probed(url):
        idle = programs.cpu_seconds(pid)
        time.sleep(wall)
        idle = programs.cpu_seconds(pid) - idle
    return Post(wall, cpu, idle, peak - before, peak, gap, rate)


def measured(turns: int) -> list[Post]:
    """So many posts to one exporter that polls 10,000 organisations."""
    with tempfile.TemporaryDirectory(prefix="xero-exporter-bench-") as name:
        folder = Path(name)
        with programs.simulator(folder, ORGANIZATIONS) as platform:
            (folder / "alerts").write_text(ALERTS_TOKEN, encoding="utf-8")
            token = "{name: alertmanager, role: alerts, token_file: alerts}"  # noqa: S105 - a name
            config = (
                f"platform: {{url: '{platform}', token_file: token, timeout: 5s, max_requests_per_second: 300}}\n"
                f"organizations: {{file: organizations.yml}}\npoll: {{interval: {INTERVAL}s}}"
            )
            with programs.exporter(folder, config, tokens=f"[{token}]") as (url, pid):
                programs.eventually(lambda: readings(url) >= ORGANIZATIONS, within=120)
                return [posted(url, pid, turn) for turn in range(turns)]


def middle(posts: list[Post]) -> float:
    """The median of their times."""
    return statistics.median(one.wall for one in posts)


def report(command: str, posts: list[Post]) -> str:
    """Everything as Markdown."""
    lines = [
        "## What a post of 10,000 alerts costs",
        "",
        f"{programs.machine()}; `{command}`.",
        "",
        f"`serve` polls {ORGANIZATIONS:,} organisations every {INTERVAL} s and is scraped twice a second; one post of",
        f"{len(storm(0)) / 1e6:.1f} MB has 10,000 alerts that are new. It is answered when all are in the ledger, on",
        "the disk. CPU is user and system, that of polling and scrapes included; without a post is a span as long. The",
        f"slowest answer is to one who asks `/-/healthy` every {PROBE * 1000:.0f} ms: the longest gap of the loop.",
        "",
        "| post | wall s | CPU s | without a post | slowest answer s | peak memory MB | it rose by | readings/s |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row(turn, one) for turn, one in enumerate(posts, 1)),
        "",
    ]
    return "\n".join(lines)


def row(turn: int, one: Post) -> str:
    """One post."""
    times = f"{one.wall:.2f} | {one.cpu:.2f} | {one.idle:.2f} | {one.gap:.3f}"
    return f"| {turn} | {times} | {one.peak:.0f} | {one.grown:.0f} | {one.readings:.0f} |"


def entry(posts: list[Post]) -> tuple[str, ...]:
    """The row for the page of all benches."""
    took = middle(posts)
    good = f"{took:.2f} s"
    what = "wall seconds until 10,000 alerts in one post are acknowledged, while 10,000 organisations are polled"
    return (what, f"{took:.2f}", "", good, f"< {MAY_TAKE:g} s", f"< {SHOULD_TAKE:g} s", verdict(took < MAY_TAKE))


def main() -> int:
    """Measures, prints, and says by its exit code whether it takes no longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.hook", description="What a post of 10,000 alerts costs")
    parser.add_argument("--turns", type=int, default=3, help="posts, each of other alerts (default 3)")
    parser.add_argument("--enter", type=Path, help="also put row and table into this page, beside other benches'")
    options = parser.parse_args()
    posts = measured(options.turns)
    text = report(f"python -m bench.hook --turns {options.turns}", posts)
    print(text, end="")
    if options.enter is not None:
        enter(options.enter, "hook", [entry(posts)], text)
    return 1 if middle(posts) >= MAY_TAKE else 0


if __name__ == "__main__":
    sys.exit(main())
