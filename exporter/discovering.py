"""The server that lists organisations: the way to it, what its answers come to, and the task that asks it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import structlog

from exporter.build import discovery_of
from exporter.clock import Clock
from exporter.config.certificates import TrustedCertificates
from exporter.config.schema import Discovery as Settings
from exporter.config.secrets import Token
from exporter.observe.discoverer import Discoverer
from exporter.observe.grace import Known
from exporter.observe.roster import Roster
from exporter.telemetry.metrics import SelfMetrics

_log = structlog.get_logger("exporter")


class Discovering:
    """Asks one server, in a task of its own. Lives in one asyncio loop; to be closed at the end."""

    def __init__(
        self,
        settings: Settings,
        *,
        token: Token | None,
        trust: TrustedCertificates,
        roster: Roster,
        changing: asyncio.Lock,
        clock: Clock,
        metrics: SelfMetrics,
        taken: Callable[[], None],
        known: Known | None = None,
    ) -> None:
        """Asks nothing yet.

        Args:
            settings: which server, and when to ask it.
            token: for it; None where none is needed.
            trust: whom to trust to be that server.
            roster: takes what it lists.
            changing: held by whoever changes the roster.
            clock: tells the time.
            metrics: counts requests and answers.
            taken: called after each answer: the roster may be another one.
            known: who is in force already, though this server did not list them; nobody by default.
        """
        self.url = settings.url
        self._clock = clock
        self._taken = taken
        self._discovery = discovery_of(settings, token, clock, metrics, trust)
        self._discoverer = Discoverer(
            settings,
            discovery=self._discovery,
            credential=token,
            roster=roster,
            changing=changing,
            clock=clock,
            metrics=metrics,
            known=known,
        )
        self._asking: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def known(self) -> Known:
        """What the answers so far come to."""
        return self._discoverer.known

    def look(self) -> None:
        """Begins to ask when that is due; nobody waits for the answer."""
        idle = self._asking is None or self._asking.done()
        if idle and not self._stopped and self._discoverer.due(self._clock.now()):
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    def reconfigure(self, settings: Settings, token: Token | None) -> None:
        """Goes on with the same server: at another pace, with another grace or token. What is known stays."""
        self._discovery.present(token)
        self._discoverer.reconfigure(settings, token, self._clock.now())

    def trust(self, tls: ssl.SSLContext) -> None:
        """Connects with this trust from now on."""
        self._discovery.trust(tls)

    async def believe(self) -> None:
        """Takes over what is held: a person says that it is right."""
        await self._discoverer.believe()
        self._taken()

    def stop(self) -> None:
        """Asks no more, and what is asked already no longer counts."""
        self._stopped = True
        if self._asking is not None:
            self._asking.cancel()

    async def aclose(self) -> None:
        """Stops, and closes the connection."""
        self.stop()
        if self._asking is not None:
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._discovery.aclose()

    async def _ask(self) -> None:
        try:
            await self._discoverer.ask()
            self._taken()
        except Exception:  # noqa: BLE001 - a fault of ours must be told in our words, not when the task is forgotten
            _log.exception("discovery_broke")
