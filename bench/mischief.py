"""What the soak does to the exporter while it runs: a platform that misbehaves, files that change, slow readers."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exporter.simulator.answers import Answer, Misbehaviour, Override, Slow, refusal
from exporter.simulator.fleets import organizations_yaml
from exporter.simulator.world import SimulatedOrganization, World

SLOW_PAGE: Final = b"GET /metrics HTTP/1.1\r\nHost: soak\r\n\r\n"

FAULTS: Final[tuple[Override, ...]] = (
    *Misbehaviour,
    Slow(1.0),
    refusal(500, "internal_error", "Something went wrong."),
    refusal(403, "forbidden", "This token may not see this organization."),
    refusal(404, "not_found", "No such organization."),
    refusal(429, "rate_limited", "Too many requests."),
)
"""What befalls single organisations, each in its turn."""

STORMS: Final[tuple[Answer | Misbehaviour, ...]] = (
    Misbehaviour.RESET,
    refusal(503, "maintenance", "MemberPulse is being updated."),
)
"""What befalls all of them at once."""

AILING_AT_ONCE: Final = 100
"""Organisations in a thousand that misbehave at any time."""

AILING_SECONDS: Final = (5.0, 30.0)
STORM_EVERY: Final = 180.0
STORM_SECONDS: Final = 5.0
ROSTER_EVERY: Final = 20.0
ROSTER_SWAPPED: Final = 25
"""Organisations that leave at each edit of the list, for as many that were never seen before."""

ROSTER_SPOILT: Final = 5
"""Each fifth edit comes with a broken one before it, which must change nothing."""

TOKEN_EVERY: Final = 60.0
OLD_TOKEN_SECONDS: Final = 5.0
"""How long the platform still takes the token before: a change of the file is seen within a tick."""

SLOW_READERS: Final = 10
SLOW_SECONDS: Final = 90.0
"""Longer than the exporter has patience for (60 s). It is not seen from here when that ends: what the kernel took to
send, it goes on sending, a byte a second.
"""


@dataclass(slots=True)
class Told:
    """What was done, for the report; `organizations` is how many there ever were."""

    ailments: int = 0
    storms: int = 0
    edits: int = 0
    spoilt_edits: int = 0
    tokens: int = 0
    slow_readers: int = 0
    slow_bytes: int = 0
    organizations: int = 0


class Mischief:
    """All that goes on around the exporter; `run` never returns by itself."""

    def __init__(
        self, world: World, folder: Path, address: tuple[str, int], trusting: ssl.SSLContext, draw: random.Random
    ) -> None:
        self.told = Told(organizations=len(world.organizations))
        self._world = world
        self._folder = folder
        self._address = address
        self._trusting = trusting
        self._draw = draw

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        async with asyncio.TaskGroup() as all_of_it:
            for work in (self._storms(), self._roster(), self._tokens()):
                all_of_it.create_task(work)
            faults = itertools.cycle(FAULTS)
            for _ in range(AILING_AT_ONCE):
                all_of_it.create_task(self._ailing(faults))
            for _ in range(SLOW_READERS):
                all_of_it.create_task(self._slow_readers())

    async def _ailing(self, faults: Iterable[Override]) -> None:
        for fault in faults:
            name = self._draw.choice(list(self._world.organizations))
            self._world.override(name, fault)
            self.told.ailments += 1
            await asyncio.sleep(self._draw.uniform(*AILING_SECONDS))
            self._world.clear(name)

    async def _storms(self) -> None:
        for storm in itertools.cycle(STORMS):
            await asyncio.sleep(STORM_EVERY)
            self._world.override_all(storm)
            self.told.storms += 1
            await asyncio.sleep(STORM_SECONDS)
            self._world.override_all(None)

    async def _roster(self) -> None:
        organizations = self._world.organizations
        while True:
            await asyncio.sleep(ROSTER_EVERY)
            for _ in range(ROSTER_SWAPPED):
                # From any place of the list, so that blocks of every phase change.
                del organizations[self._draw.choice(list(organizations))]
                self.told.organizations += 1
                new = SimulatedOrganization(
                    f"org-{self.told.organizations:04d}",
                    f"Club {self.told.organizations}",
                    f"{self.told.organizations}",
                )
                organizations[new.id] = new
            self.told.edits += 1
            if self.told.edits % ROSTER_SPOILT == 0:
                self.told.spoilt_edits += 1
                replaced(self._folder / "organizations.yml", "- {id: '..'}\n- {id: twice}\n- {id: twice}\n")
                await asyncio.sleep(3)
            replaced(self._folder / "organizations.yml", organizations_yaml(in_file(organizations.values())))

    async def _tokens(self) -> None:
        while True:
            await asyncio.sleep(TOKEN_EVERY)
            self.told.tokens += 1
            old, new = self._world.admin_token, f"soak-token-{self.told.tokens}"
            self._world.accept_token(new)
            replaced(self._folder / "token", new)
            await asyncio.sleep(OLD_TOKEN_SECONDS)
            self._world.revoke_token(old)

    async def _slow_readers(self) -> None:
        """Asks for the page and takes one byte a second; then again."""
        while True:
            self.told.slow_readers += 1
            # The exporter may well reset such a connection.
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(SLOW_SECONDS):
                    await self._read_slowly()
            await asyncio.sleep(self._draw.uniform(0, 5))

    async def _read_slowly(self) -> None:
        with await asyncio.to_thread(self._asked) as reader:
            reader.setblocking(False)
            while True:
                with suppress(ssl.SSLWantReadError):
                    if not reader.recv(1):
                        return
                    self.told.slow_bytes += 1
                await asyncio.sleep(1)

    def _asked(self) -> ssl.SSLSocket:
        """A connection on which the page was asked for; TLS by itself takes no more than it is asked for."""
        plain = socket.socket()
        # As small as the kernel allows: else it takes half a megabyte on behalf of who reads slowly.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        plain.settimeout(SLOW_SECONDS)
        try:
            plain.connect(self._address)
            reader = self._trusting.wrap_socket(plain, server_hostname=self._address[0])
        except OSError:
            plain.close()
            raise
        reader.sendall(SLOW_PAGE)
        return reader


def in_file(organizations: Iterable[SimulatedOrganization]) -> list[SimulatedOrganization]:
    """Those with an even number: the others are listed by the discovery server alone."""
    return [one for one in organizations if int(one.id.rpartition("-")[2]) % 2 == 0]


def replaced(path: Path, text: str) -> None:
    """Puts a new file in the place of the old one, in one step."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
