"""The whole exporter in the test's loop, against the simulated platform, over real sockets and real files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from prometheus_client.parser import text_string_to_metric_families

from exporter import logs
from exporter.app import Exporter
from exporter.clock import SystemClock
from exporter.config.load import Source
from exporter.model.moment import Moment
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World

TOKEN = "canary-admin-token-1"


@dataclass
class SteppedClock:
    """The machine's clocks, moved forward by hand.

    Attributes:
        ahead: seconds that both clocks are ahead.
        wall_stepped: seconds that the wall clock alone was set forward, or back.
    """

    ahead: float = 0.0
    wall_stepped: float = 0.0

    def now(self) -> Moment:
        """The present, that many seconds ahead."""
        now = SystemClock().now()
        return Moment(now.wall + self.ahead + self.wall_stepped, now.monotonic + self.ahead)


class Scrape(Mapping[str, dict[frozenset[tuple[str, str]], float]]):
    """One scrape: family name -> labels -> value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value

    def __getitem__(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        return self._samples.get(name, {})

    def __iter__(self) -> Iterator[str]:
        return iter(self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    def value(self, name: str, organization: str = "", **labels: str) -> float | None:
        """The value of one series, None when there is none."""
        if organization:
            labels["organization_id"] = organization
        return self[name].get(frozenset(labels.items()))

    def organizations(self, name: str, value: float | None = None) -> set[str]:
        """Whose series a family has, or has with that value."""
        return {dict(labels)["organization_id"] for labels, found in self[name].items() if value in (None, found)}


@dataclass
class Story:
    """A running exporter and the platform it watches."""

    simulator: Simulator
    exporter: Exporter
    client: httpx.AsyncClient
    clock: SteppedClock
    folder: Path
    log: Path

    @property
    def world(self) -> World:
        """The simulated platform."""
        return self.simulator.world

    async def get(self, path: str) -> httpx.Response:
        """Asks the exporter."""
        return await self.client.get(self.exporter.url + path)

    async def scrape(self) -> Scrape:
        """What /metrics says now."""
        answer = await self.get("/metrics")
        assert answer.status_code == 200
        return Scrape(answer.text)

    async def stop_asking(self) -> None:
        """Nobody is asked any more, and no reading is under way: it would end later than a clock that jumps next."""
        self.exporter._watching._poller.stop()
        await self.until(lambda scrape: scrape.value("xero_exporter_readings_in_flight") == 0)

    async def until(self, holds: Callable[[Scrape], object], *, within: float = 15.0) -> Scrape:
        """Scrapes until the condition holds, and returns that scrape."""
        deadline = time.monotonic() + within
        while True:
            scrape = await self.scrape()
            if holds(scrape):
                return scrape
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"did not come to hold within {within} s; /metrics at the end:\n{scrape.text[-6000:]}"
                )
            await asyncio.sleep(0.1)


class Watch(Protocol):
    """Starts an exporter that watches a simulated fleet."""

    def __call__(
        self,
        config: str = "",
        *,
        world: World | None = None,
        organizations: int = 3,
        token: str | None = TOKEN,
    ) -> Awaitable[Story]:
        """Starts it.

        Args:
            config: YAML to put after the platform's address and the organisations.
            world: the platform; by default that many healthy organisations.
            organizations: how many.
            token: what stands in the token file; None: there is no file.
        """


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Watch]:
    """A function that starts a story in that folder; all that it started ends with this."""
    ends: list[Callable[[], Awaitable[object]]] = []
    log = folder / "log"
    stream = log.open("w")
    logs.configure("info", "json", stream)
    logging.getLogger("httpx").setLevel(logging.WARNING)

    async def start(
        config: str = "", *, world: World | None = None, organizations: int = 3, token: str | None = TOKEN
    ) -> Story:
        world = world or World(uniform_fleet(organizations, "healthy"), admin_token=TOKEN)
        simulator = Simulator(world)
        await simulator.__aenter__()
        ends.append(lambda: simulator.__aexit__(None, None, None))
        if token is not None:
            (folder / "token").write_text(token)
        (folder / "organizations.yml").write_text(organizations_yaml(world.organizations.values()))
        lines = [
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}",
            "organizations: {file: organizations.yml}",
            "web: {listen: '127.0.0.1:0'}",
            "xero: {status_pages: []}",
        ]
        given = {line.partition(":")[0] for line in config.splitlines() if not line.startswith(" ")}
        text = "\n".join([*(line for line in lines if line.partition(":")[0] not in given), config, ""])
        (folder / "config.yml").write_text(text.replace("$URL", simulator.url))
        clock = SteppedClock()
        source = Source(folder / "config.yml", {})
        exporter = Exporter(source.load(), clock=clock, draw=lambda: 0.5, source=source)
        client = httpx.AsyncClient(timeout=10)
        await exporter.start()
        ends.append(exporter.drain)
        ends.append(client.aclose)
        return Story(simulator, exporter, client, clock, folder, log)

    try:
        yield start
    finally:
        for end in reversed(ends):
            await end()
        logs.configure("error", "json")
        stream.close()
