"""Requests per CPU-second: our way of reading a status, and stock httpx with Gauges, from this very process."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import uvloop
from prometheus_client import CollectorRegistry

from bench import plain
from bench.programs import TOKEN
from exporter.clock import SystemClock
from exporter.config.platform import Paths
from exporter.model.facts import Status
from exporter.observe.reader import Reader
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.memberpulse import MemberPulse
from exporter.upstream.transport import ReadTransport

ORGANIZATIONS: Final = 1_000
WARM_UP: Final = 200
"""Requests before the clock runs: connections and TLS are made, once for hours."""

OURS: Final = 6_000
STOCK: Final = 1_500
"""Requests counted: two to three seconds of CPU each."""

ROUNDS: Final = 3


class FixedToken:
    """A token that never changes."""

    value = TOKEN
    number = 1


def compared(url: str, ids: Sequence[str]) -> tuple[float, float]:
    """Requests per CPU-second, ours and stock's: medians of rounds in turns, so that a busy moment meets both."""
    rounds = [(run(ours(url, ids)), run(stock(url, ids))) for _ in range(ROUNDS)]
    return statistics.median(one for one, _ in rounds), statistics.median(one for _, one in rounds)


def run(measured: Awaitable[float]) -> float:
    """Runs one round in a loop of its own; uvloop for both."""

    async def waited() -> float:
        return await measured

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(waited())


async def ours(url: str, ids: Sequence[str]) -> float:
    """The reading path of `serve`, from the permit to the status."""
    clock, token = SystemClock(), FixedToken()
    transport = ReadTransport(
        timeout=plain.TIMEOUT, max_concurrency=plain.CONCURRENCY, max_requests_per_second=1_000_000
    )
    platform = MemberPulse(
        base_url=url,
        status_path=Paths().status,
        token=token,
        transport=transport,
        telemetry=SelfMetrics(CollectorRegistry(auto_describe=False)),
        clock=clock,
    )
    reader = Reader(platform, transport, token, clock)

    async def ask(organization_id: str) -> bool:
        reading = await reader.read(organization_id)
        return reading is not None and isinstance(reading.outcome, Status)

    try:
        return await per_cpu_second(ask, ids, OURS)
    finally:
        await transport.aclose()


async def stock(url: str, ids: Sequence[str]) -> float:
    """What the plain exporter does for each organisation."""
    gauges = plain.Gauges()
    async with plain.client(TOKEN) as client:
        return await per_cpu_second(lambda name: plain.ask(client, url, name, gauges), ids, STOCK)


async def per_cpu_second(ask: Callable[[str], Awaitable[bool]], ids: Sequence[str], requests: int) -> float:
    """Asks so many times, `plain.CONCURRENCY` at once.

    Raises:
        RuntimeError: an answer was missing.
    """
    everyone = itertools.cycle(ids)
    await together(ask, itertools.islice(everyone, WARM_UP))
    began = time.process_time()
    await together(ask, itertools.islice(everyone, requests))
    return requests / (time.process_time() - began)


async def together(ask: Callable[[str], Awaitable[bool]], ids: Iterator[str]) -> None:
    """As many workers as there are permits take one id after the other."""

    async def worker() -> None:
        for name in ids:
            if not await ask(name):
                raise RuntimeError("the simulated platform did not answer: look into its log")

    await asyncio.gather(*(worker() for _ in range(plain.CONCURRENCY)))
