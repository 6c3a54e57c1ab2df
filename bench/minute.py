"""What a whole minute costs: all organisations polled once, and four scrapes, in a process of its own."""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import plain, programs
from bench.own import mean_lag, own_metrics

SCRAPES: Final = 4
WITHIN_A_PASS: Final = 0.95
"""Of the readings that the interval asks for: the edges of a window of 60 s cut a few off."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What was measured of one program.

    Attributes:
        organizations: how many it polled.
        interval: seconds that polling all of them was to take.
        seconds: how long the window was.
        cpu: user and system seconds in the window.
        readings: in the window.
        resident: MB at its end.
        peak: the most that it ever had, MB.
        samples: on its page, those about organisations.
        encoding: how the page came, ``gzip`` or ``identity``.
        lag: mean lateness of the readings in the window, seconds; None when it does not tell.
        missed: ticks that did not happen in the window; None when it does not tell.
        overruns: turns that passed unused, since the start; None when it does not tell.
    """

    organizations: int
    interval: float
    seconds: float
    cpu: float
    readings: float
    resident: float
    peak: float
    samples: int
    encoding: str
    lag: float | None = None
    missed: float | None = None
    overruns: float | None = None

    @property
    def holds(self) -> bool:
        """Whether every organisation was asked in its interval, and in time."""
        asked = self.readings / (self.organizations / self.interval * self.seconds)
        return asked >= WITHIN_A_PASS and not self.overruns and (self.lag or 0.0) < 1.0

    @property
    def cpu_of_a_thousand(self) -> float:
        """CPU milliseconds for a thousand readings, everything else that the process does included."""
        return self.cpu / self.readings * 1e6


def ours(folder: Path, organizations: int, interval: float, seconds: float) -> Minute:
    """`serve`, after its first pass over the fleet."""
    rate = max(200, round(1.5 * organizations / interval))
    with programs.simulator(folder, organizations) as platform:
        # As JSON, a hundred times as fast to read as YAML: 100,000 organisations.
        (folder / "organizations.json").write_text(
            json.dumps(plain.listed(folder / "organizations.yml")), encoding="utf-8"
        )
        config = (
            f"platform: {{url: '{platform}', token_file: token, timeout: 5s, max_requests_per_second: {rate}}}\n"
            f"organizations: {{file: organizations.json}}\npoll: {{interval: {interval:g}s}}"
        )
        with programs.exporter(folder, config) as (url, pid):
            time.sleep(interval * 1.05 + 1)
            before = own_metrics(scraped(url, "identity")[0])
            cpu, began = programs.cpu_seconds(pid), time.monotonic()
            page, encoding = scrapes(url, began, seconds)
            used, took = programs.cpu_seconds(pid) - cpu, time.monotonic() - began
            after = own_metrics(page)
            requests, missed = "xero_exporter_requests_total{memberpulse}", "xero_exporter_ticks_missed_total"
            return Minute(
                organizations=organizations,
                interval=interval,
                seconds=took,
                cpu=used,
                readings=after[requests] - before[requests],
                resident=programs.resident_mb(pid),
                peak=programs.peak_mb(pid),
                samples=samples_of(page),
                encoding=encoding,
                lag=mean_lag(before, after),
                missed=after[missed] - before[missed],
                overruns=after["xero_exporter_poll_overruns_total"],
            )


def theirs(folder: Path, organizations: int, interval: float) -> Minute:
    """The plain exporter, from the end of its first round to the end of its second."""
    log = folder / "plain.log"
    files = ("--token-file", folder / "token", "--organizations-file", folder / "organizations.yml")
    with programs.simulator(folder, organizations) as platform:
        arguments = ("--platform", platform, *files, "--interval", f"{interval:g}")
        with programs.running(sys.executable, "-m", "bench.plain", *arguments, log=log) as pid:
            url = programs.said(log, programs.LISTENING, within=60)
            answered(log, 1)
            cpu, began = programs.cpu_seconds(pid), time.monotonic()
            page, encoding = scrapes(url, began, interval)
            readings = answered(log, 2)
            used, took = programs.cpu_seconds(pid) - cpu, time.monotonic() - began
            return Minute(
                organizations=organizations,
                interval=interval,
                seconds=took,
                cpu=used,
                readings=readings,
                resident=programs.resident_mb(pid),
                peak=programs.peak_mb(pid),
                samples=samples_of(page),
                encoding=encoding,
            )


def answered(log: Path, turn: int) -> int:
    """How many organisations answered in that round, once it is over."""
    return int(programs.said(log, re.compile(f"round {turn}: ([0-9]+) answered"), within=300))


def scrapes(url: str, began: float, seconds: float) -> tuple[str, str]:
    """Scrapes `SCRAPES` times, evenly, the last one at the end; returns the last page and how it came."""
    for turn in range(1, SCRAPES + 1):
        time.sleep(max(0.0, began + seconds * turn / SCRAPES - time.monotonic()))
        last = scraped(url, "gzip")
    return last


def scraped(url: str, encoding: str) -> tuple[str, str]:
    """One scrape as Prometheus does it: the page, and how it came."""
    request = urllib.request.Request(f"{url}/metrics", headers={"Accept-Encoding": encoding})  # noqa: S310 - our own URLs
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        body, came = answer.read(), answer.headers.get("Content-Encoding", "identity")
    return (gzip.decompress(body) if came == "gzip" else body).decode(), came


def samples_of(page: str) -> int:
    """How many samples about organisations a page has."""
    return sum(1 for line in page.splitlines() if line.startswith("xero_") and "organization_id=" in line)
