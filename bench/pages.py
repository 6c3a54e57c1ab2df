"""What a page of organisations costs in a fleet of 10,000, over a real socket: any filter, any order, any page.

Run it from the folder of the project: ``python -m bench.pages [--enter FILE]``. Half a minute. Exit code 1 when one
takes longer than it may.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx
from prometheus_client import CollectorRegistry

from bench.entry import enter, verdict
from bench.programs import machine
from bench.scrape import fleet_of
from exporter.clock import SystemClock
from exporter.config.diagnosis import Links
from exporter.expose.exposition import Exposition
from exporter.model.conditions import Conditions, Readiness
from exporter.model.facts import History
from exporter.model.limits import Limits
from exporter.remediation.desk import Desk
from exporter.telemetry.metrics import SelfMetrics
from exporter.web.routes import application
from exporter.web.server import Server
from exporter.web.site import Site

ORGANIZATIONS: Final = 10_000
TURNS: Final = 20
MAY_TAKE: Final = 50.0
"""Milliseconds of a page, so that somebody who types into the search sees no wait."""

PATHS: Final = (
    "/organizations",
    "/organizations?issue=contacts_failing",
    "/organizations?search=a7",
    "/organizations?sort=answered",
    "/organizations?sort=id",
    "/",
)


async def measured() -> dict[str, float]:
    """Milliseconds of each page, the median of `TURNS`; the first of each is left out."""
    registry = CollectorRegistry(auto_describe=False)
    metrics, known = SelfMetrics(registry), fleet_of(ORGANIZATIONS)

    async def reload(_: str) -> list[str]:
        return []

    site = Site(
        exposition=Exposition(organization_names=False, registry=registry, metrics=metrics),
        metrics=metrics,
        snapshot=lambda: known,
        history=lambda _: History(),
        next_attempt=lambda _: None,
        trend=lambda: (),
        conditions=lambda: Conditions(60.0, 300.0, platform_auth_ok=True, paused_until=None, sources=()),
        healthy=lambda: True,
        ready=lambda: Readiness(ready=True, why="polling"),
        reload=reload,
        desk=Desk(f"sqlite:///{tempfile.mkdtemp()}/ledger.db", clock=SystemClock(), limits=Limits()),
        stopping=lambda: False,
        tokens=(),
        organization_names=False,
        links=Links(),
        hash_key=b"of a bench",
        version="bench",
    )
    server = Server(application(site), "127.0.0.1", 0)
    await server.start()
    took: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        for path in PATHS:
            spans = []
            for _ in range(TURNS + 1):
                began = time.perf_counter()
                answer = await client.get(path)
                spans.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, (path, answer.status_code)
            took[path] = statistics.median(spans[1:])
    await server.stop(1)
    await site.desk.aclose()
    return took


def report(took: dict[str, float]) -> str:
    """The section of the page of all benches."""
    rows = "".join(f"| `{path}` | {milliseconds:.1f} |\n" for path, milliseconds in took.items())
    return (
        f"## What a page costs\n\n{machine()}; `python -m bench.pages`.\n\n"
        f"A fleet of {ORGANIZATIONS:,}, a twentieth of it with an issue; over a socket on loopback, client included;\n"
        f"the median of {TURNS}.\n\n| page | ms |\n| --- | ---: |\n{rows}"
    )


def main() -> int:
    """Measures, prints, and says by its exit code whether the slowest takes no longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description="What a page of organisations costs")
    parser.add_argument("--enter", type=Path, help="also put row and table into this page, beside other benches'")
    options = parser.parse_args()
    took = asyncio.run(measured())
    text, slowest = report(took), max(took.values())
    print(text, end="")
    if options.enter is not None:
        what = "milliseconds of a page of 10,000 organisations, the slowest filter or order; the median"
        good = f"{slowest:.1f} ms"
        row = (what, f"{slowest:.1f}", "", good, f"< {MAY_TAKE:g} ms", "", verdict(slowest < MAY_TAKE))
        enter(options.enter, "pages", [row], text)
    return 1 if slowest >= MAY_TAKE else 0


if __name__ == "__main__":
    sys.exit(main())
