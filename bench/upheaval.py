"""What the soak changes of the exporter's configuration while it runs: servers, certificates, the file itself."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.mischief import replaced
from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.endpoints import DISCOVERY_PATH
from exporter.simulator.server import Simulator
from exporter.simulator.world import World, discovery_list
from tests.certificates import Authority

DISCOVERY_EVERY: Final = 5.0
"""Seconds of good answers of the discovery server between two misfortunes: at least one of them."""

DISCOVERY_SECONDS: Final = 7.0
"""Seconds that a misfortune lasts: at least one answer, and never the three that would drop somebody."""

REFRESH: Final = 3.0
GRACE: Final = 4
CERTIFICATE_EVERY: Final = 20.0
RELOAD_EVERY: Final = 6.0
SEEN_WITHIN: Final = 2.5
"""Seconds in which a changed file is looked at: a tick, and the time to read it."""

BAD: Final = (
    "poll: [",
    "nonsense: 1",
    "organizations: {http: {url: 'http://127.0.0.1:1/', token_file: not-there}}",
    "platform: {url: 'http://127.0.0.1:1', token_file: token, ca_file: tls.key}",
    "web: {listen: '127.0.0.1:1'}",
    "web: {listen: '127.0.0.1:0', tls: {cert_file: tls.crt, key_file: other.key}}",
)
"""What a reload must refuse, each in its turn."""


@dataclass(slots=True)
class Changed:
    """What was done, for the report."""

    restarts: int = 0
    empty: int = 0
    halves: int = 0
    bad_ids: int = 0
    garbage: int = 0
    certificates: int = 0
    reloads: int = 0
    refusals: int = 0


class DiscoveryServer:
    """The server that lists organisations: those of the platform, on a port of its own, to be stopped and started."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._simulator: Simulator | None = None
        self._port = 0
        self.url = ""

    async def start(self) -> None:
        """Listens, at the same place each time."""
        self._simulator = await Simulator(self._world, port=self._port).__aenter__()
        self._port = urlsplit(self._simulator.url).port or 0
        self.url = f"{self._simulator.url}{DISCOVERY_PATH}"

    async def stop(self) -> None:
        """Cuts all connections off. Twice is harmless."""
        simulator, self._simulator = self._simulator, None
        if simulator is not None:
            await simulator.__aexit__(None, None, None)


class Upheaval:
    """All that is changed; `run` never returns by itself, and leaves everything in order when it is cancelled."""

    def __init__(self, world: World, discovery: DiscoveryServer, folder: Path, authority: Authority, pid: int) -> None:
        self.changed = Changed()
        self._world = world
        self._discovery = discovery
        self._folder = folder
        self._authority = authority
        self._pid = pid
        self._good = (folder / "config.yml").read_text(encoding="utf-8")

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as all_of_it:
                for work in (self._misfortunes(), self._certificates(), self._reloads()):
                    all_of_it.create_task(work)
        finally:
            self._world.override_list(None)
            self._pair("tls")
            replaced(self._folder / "config.yml", self._good)
            await self._discovery.stop()
            await self._discovery.start()

    async def _misfortunes(self) -> None:
        """The server that lists organisations is away, lists nobody, half of them, one bad id, or no list at all."""
        changed = self.changed
        for number in itertools.count():
            await asyncio.sleep(DISCOVERY_EVERY)
            listed = list(self._world.organizations.values())
            match number % 5:
                case 0:
                    changed.restarts += 1
                    await self._discovery.stop()
                    await asyncio.sleep(DISCOVERY_SECONDS)
                    await self._discovery.start()
                    continue
                case 1:
                    changed.empty += 1
                    shown: bytes | Answer | Misbehaviour = b"[]"
                case 2:
                    changed.halves += 1
                    shown = discovery_list(listed[: len(listed) // 2 - 1])
                case 3:
                    changed.bad_ids += 1
                    shown = discovery_list(listed).replace(b'"targets": ["', b'"targets": ["no id at all", "', 1)
                case _:
                    changed.garbage += 1
                    shown = Misbehaviour.GARBAGE if number % 2 else Answer(200, body=b"<html>log in</html>")
            self._world.override_list(shown)
            await asyncio.sleep(DISCOVERY_SECONDS)
            self._world.override_list(None)

    async def _certificates(self) -> None:
        """The pair in force is renewed in its place, as ACME clients do."""
        while True:
            await asyncio.sleep(CERTIFICATE_EVERY)
            self.changed.certificates += 1
            self._pair("tls")

    def _pair(self, name: str) -> None:
        self._authority.issue(self._folder / f"{name}.crt", self._folder / f"{name}.key")

    async def _reloads(self) -> None:
        """The file changes: other limits, another pace and grace of discovery, another pair; every third is refused.

        Good ones are told by the file alone: a person's reload would have a held list believed.
        """
        path = self._folder / "config.yml"
        for number in itertools.count():
            await asyncio.sleep(RELOAD_EVERY)
            if number % 3 == 2:
                self.changed.refusals += 1
                # By a signal too: refused, it believes nothing.
                replaced(path, spoilt(self._good, BAD[number // 3 % len(BAD)]))
                os.kill(self._pid, signal.SIGHUP)
            else:
                self.changed.reloads += 1
                replaced(path, varied(self._good, number))
            await asyncio.sleep(SEEN_WITHIN)


def varied(good: str, number: int) -> str:
    """The configuration with some of it otherwise; nobody comes or goes by it."""
    return (
        good.replace("timeout: 2s", f"timeout: {2000 + number % 50}ms")
        .replace("max_requests_per_second: 400", f"max_requests_per_second: {400 + number % 7}")
        .replace(f"refresh: {REFRESH:g}s", f"refresh: {REFRESH + number % 2:g}s")
        .replace(f"missing_grace: {GRACE}", f"missing_grace: {GRACE + number % 3}")
        .replace(DISCOVERY_PATH, f"{DISCOVERY_PATH}?as-if-another" if number % 5 > 2 else DISCOVERY_PATH)
        .replace("tls.", "other." if number % 4 > 1 else "tls.")
    )


def spoilt(good: str, bad: str) -> str:
    """The configuration with a section that cannot be used."""
    section = bad.partition(":")[0]
    return "\n".join([*(line for line in good.splitlines() if line.partition(":")[0] != section), bad, ""])
