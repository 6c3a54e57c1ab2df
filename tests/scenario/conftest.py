"""Starts and ends the stories of this folder."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from exporter import logs
from exporter.app import Exporter
from exporter.config.load import Source
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from tests.scenario.story import TOKEN, SteppedClock, Story, Watch


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """A function that starts a story; all that it started ends with the test."""
    ends: list[Callable[[], Awaitable[object]]] = []
    log = tmp_path / "log"
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
            (tmp_path / "token").write_text(token)
        (tmp_path / "organizations.yml").write_text(organizations_yaml(world.organizations.values()))
        lines = [
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}",
            "organizations: {file: organizations.yml}",
            "web: {listen: '127.0.0.1:0'}",
            "xero: {status_pages: []}",
        ]
        given = {line.partition(":")[0] for line in config.splitlines() if not line.startswith(" ")}
        text = "\n".join([*(line for line in lines if line.partition(":")[0] not in given), config, ""])
        (tmp_path / "config.yml").write_text(text.replace("$URL", simulator.url))
        clock = SteppedClock()
        source = Source(tmp_path / "config.yml", {})
        exporter = Exporter(source.load(), clock=clock, draw=lambda: 0.5, source=source)
        client = httpx.AsyncClient(timeout=10)
        await exporter.start()
        ends.append(exporter.drain)
        ends.append(client.aclose)
        return Story(simulator, exporter, client, clock, tmp_path, log)

    yield start
    for end in reversed(ends):
        await end()
    logs.configure("error", "json")
    stream.close()
