"""The server that lists organisations: the way to it, what its answers come to, and the task that asks it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.clock import Clock
from exporter.config.certificates import TrustedCertificates
from exporter.config.schema import Discovery as Settings
from exporter.config.secrets import Token
from exporter.observe.discoverer import Discoverer
from exporter.observe.grace import Known, of_another_server
from exporter.observe.roster import Roster
from exporter.running.asking import Asking, nothing_to_close
from exporter.running.building import discovery_of
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.discovery import Discovery


@dataclass(frozen=True, slots=True)
class _Server:
    """One server, what its answers come to, and who asks it."""

    url: str
    discovery: Discovery
    discoverer: Discoverer
    asking: Asking

    async def aclose(self) -> None:
        """Stops, and closes the connection."""
        await self.asking.aclose()
        await self.discovery.aclose()


class Discovering:
    """Asks the server that is configured now, if any. Lives in one asyncio loop; to be closed at the end."""

    def __init__(
        self,
        *,
        roster: Roster,
        changing: asyncio.Lock,
        clock: Clock,
        metrics: SelfMetrics,
        taken: Callable[[], None],
    ) -> None:
        """Has no server yet: `reconfigure` names one.

        Args:
            roster: takes what it lists.
            changing: held by whoever changes the roster.
            clock: tells the time.
            metrics: counts requests and answers.
            taken: called after each answer: the roster may be another one.
        """
        self._roster = roster
        self._changing = changing
        self._clock = clock
        self._metrics = metrics
        self._taken = taken
        self._server: _Server | None = None

    def reconfigure(
        self, settings: Settings | None, token: Token | None, trust: TrustedCertificates
    ) -> Callable[[], Awaitable[None]]:
        """Asks this server from now on; whatever another one still answers no longer counts. Asks nothing by itself.

        With the same server, at another pace, with another grace or token, all that is known stays. Of another one, it
        is who is in force: they stay until it answers, and its answers are judged as those of the one before.

        Args:
            settings: which server, and when to ask it; None for none.
            token: for it; None where none is needed.
            trust: whom to trust to be that server.

        Returns:
            Closes what was replaced; to be awaited.
        """
        old = self._server
        if old is None:
            self._server = None if settings is None else self._server_of(settings, token, trust, Known())
            return nothing_to_close
        if settings is not None and settings.url == old.url:
            old.discovery.present(token)
            old.discoverer.reconfigure(settings, token, self._clock.now())
            return nothing_to_close
        old.asking.stop()
        self._metrics.discovery_unknown()
        self._server = None
        if settings is not None:
            self._roster.awaits_another_server()
            self._server = self._server_of(settings, token, trust, of_another_server(old.discoverer.known))
        return old.aclose

    def look(self) -> None:
        """Begins to ask when that is due; nobody waits for the answer."""
        if self._server is not None:
            self._server.asking.look(self._clock.now())

    def trust(self, tls: ssl.SSLContext) -> None:
        """Connects with this trust from now on."""
        if self._server is not None:
            self._server.discovery.trust(tls)

    async def believe(self) -> None:
        """Takes over what is held: a person says that it is right."""
        if self._server is not None:
            await self._server.discoverer.believe()
            self._taken()

    def stop(self) -> None:
        """What is asked already no longer counts."""
        if self._server is not None:
            self._server.asking.stop()

    async def aclose(self) -> None:
        """Stops, and closes the connection."""
        if self._server is not None:
            await self._server.aclose()

    def _server_of(self, settings: Settings, token: Token | None, trust: TrustedCertificates, known: Known) -> _Server:
        discovery = discovery_of(settings, token, self._clock, self._metrics, trust)
        discoverer = Discoverer(
            settings,
            discovery=discovery,
            credential=token,
            roster=self._roster,
            changing=self._changing,
            clock=self._clock,
            metrics=self._metrics,
            known=known,
        )
        return _Server(settings.url, discovery, discoverer, Asking(discoverer, "discovery_broke", self._taken))
