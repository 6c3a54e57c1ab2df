"""A look at one organisation, now: the platform, Xero's own list, the status pages. Judged by the same functions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exporter.errors import AnswerIsBadError, ExporterError, UnreachableError

if TYPE_CHECKING:
    from exporter.config.schema import Config
    from exporter.expose.shapes import OrganizationDocument
    from exporter.model.facts import Organization, OrganizationState, Reading
    from exporter.model.fleet import Surroundings
    from exporter.running.asking_xero import AskingXero

XERO_WITHIN: Final = 5.0
"""Seconds for Xero's list and all status pages: what did not answer by then is not known."""


@dataclass(frozen=True, slots=True)
class Look:
    """What came of one look.

    Attributes:
        reading: the attempt; None when there is no token to ask with.
        no_token: what is wrong with the token's file; None when nothing is.
        state: what follows from it, without memory.
        surroundings: what the status pages say.
        note: why it is not known whether Xero lists it; None when it is known.
    """

    reading: Reading | None
    no_token: str | None
    state: OrganizationState
    surroundings: Surroundings
    note: str | None

    @property
    def error(self) -> ExporterError | None:
        """What to tell, and with which exit code, when there is no status; None when there is one."""
        from exporter.cli.asking import MEND, UNREACHABLE, no_token

        if self.reading is None:
            return no_token(self.no_token)
        failure = self.reading.failure
        if failure is None:
            return None
        kind = UnreachableError if failure in UNREACHABLE else AnswerIsBadError
        return kind(f"the platform gives no status for {self.reading.organization_id} ({failure}): {MEND[failure]}")

    def document(self, config: Config, *, names: bool) -> OrganizationDocument:
        """The document about it.

        Args:
            config: has the links.
            names: whether its name may be shown.
        """
        from exporter.expose.diagnosis_shapes import Basis
        from exporter.expose.documents import organization_document
        from exporter.model.facts import History
        from exporter.observe.fleet import remember
        from exporter.observe.issues import NO_TOKEN

        asked = self.reading is not None
        told = organization_document(
            self.state,
            History() if self.reading is None else remember(History(), self.reading),
            None,
            names=names,
            links=config.links,
            surroundings=self.surroundings,
            basis=Basis.ONE_READING if asked else Basis.NO_READING,
            unasked=None if asked else NO_TOKEN,
        )
        if self.note is None:
            return told
        xero = told.diagnosis.xero.model_copy(update={"note": self.note})
        return told.model_copy(update={"diagnosis": told.diagnosis.model_copy(update={"xero": xero})})


async def look(config: Config, organization: Organization) -> Look:
    """Asks the platform once about `organization`, and Xero and its pages beside it.

    Without a token the platform is not asked: what it would say to that is known.
    """
    from prometheus_client import CollectorRegistry

    from exporter.clock import SystemClock
    from exporter.model.fleet import Surroundings
    from exporter.observe.fold import fold, snapshot_of
    from exporter.running.asking_xero import AskingXero
    from exporter.running.building import tokens_of, upstream_of
    from exporter.telemetry.families import PLATFORM_TOKEN, XERO_SECRET
    from exporter.telemetry.metrics import SelfMetrics

    clock, metrics, tokens = SystemClock(), SelfMetrics(CollectorRegistry()), tokens_of(config)
    began = clock.now()
    token = tokens.by_owner[PLATFORM_TOKEN]
    upstream = upstream_of(config, clock, metrics, token)
    asking = AskingXero(config, secret=tokens.by_owner.get(XERO_SECRET), clock=clock, metrics=metrics)
    try:
        reading = None if token.value is None else await upstream.reader.read(organization.id)
        # After the platform: what was connected later than Xero's list was asked for cannot be on it.
        await _ask(asking)
        now = clock.now()
        surroundings = Surroundings(started=True, app_refused=asking.app_refused, pages=asking.pages)
        connections = asking.connections
    finally:
        await upstream.transport.aclose()
        await asking.aclose()
    snapshot = fold(
        snapshot_of([organization], None, began),
        [] if reading is None else [reading],
        now,
        config.thresholds,
        connections=connections,
        surroundings=surroundings,
    )
    state = snapshot.state(organization.id)
    assert state is not None
    return Look(reading, token.problem, state, surroundings, _note(config, state, listed=connections is not None))


async def _ask(asking: AskingXero) -> None:
    try:
        async with asyncio.timeout(XERO_WITHIN):
            await asking.ask()
    except TimeoutError:
        return  # what did answer counts


def _note(config: Config, state: OrganizationState, *, listed: bool) -> str | None:
    if state.listed is not None:
        return None
    if config.xero.app.client_id is None:
        return "not asked: xero.app is not configured"
    if not listed:
        return "not known: Xero gave no list of connections; check xero.app"
    return "not known: give its xero_tenant_id, a UUID, in organizations"
