"""One attempt: what a claim allows, from the fresh reading to the one call, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from exporter.clock import Clock
from exporter.errors import LedgerError
from exporter.model.action import Action, ActionKind, AttemptOutcome, Mode, Parameters
from exporter.model.facts import OrganizationState, Reading, Snapshot, UpstreamFailure
from exporter.model.holds import Hold
from exporter.model.judgement import Thresholds
from exporter.model.words import Failure, Sent
from exporter.remediation.desk import Desk
from exporter.remediation.evidence import read_afresh, wanted_of
from exporter.remediation.ledger.claiming import Claim
from exporter.remediation.ledger.recording import Result
from exporter.remediation.policy import Do, Over, Wait, decide
from exporter.remediation.traced import attempted
from exporter.telemetry.tracing import Tracing
from exporter.upstream.remedies import DisarmedError

_log = structlog.get_logger("remediation")


class Knowledge(Protocol):
    """What is known of the fleet."""

    @property
    def snapshot(self) -> Snapshot | None:
        """What is known now; None before the first roster."""
        ...

    def state(self, organization_id: str) -> OrganizationState | None:
        """What is known of one organisation; None when it is not ours."""
        ...

    def receive(self, reading: Reading) -> None:
        """Takes a reading in."""
        ...


class Asks(Protocol):
    """The one way to ask about one organisation."""

    async def read(self, organization_id: str) -> Reading | None:
        """One attempt; a failure is a reading."""
        ...


class Calls(Protocol):
    """The one way to ask for a retry or resync."""

    async def call(
        self, organization_id: str, kind: ActionKind, parameters: Parameters, idempotency_key: str
    ) -> int | UpstreamFailure:
        """One POST. Raises DisarmedError."""
        ...


def unheard(_: str) -> None:
    """Nobody listens."""


class Attempting:
    """Makes attempts; keeps nothing between two of them.

    Attributes:
        rules: where judgement draws its lines.
        reader: gives the fresh reading.
        remedies: makes the call.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        knowledge: Knowledge,
        reader: Asks,
        remedies: Calls,
        rules: Thresholds,
        clock: Clock,
        credential: Callable[[], str],
        told: Callable[[str], None] = unheard,
        tracing: Tracing | None = None,
    ) -> None:
        """Does nothing yet.

        Args:
            desk: of the ledger on which the claims are.
            knowledge: takes the fresh reading in.
            reader: gives it.
            remedies: makes the call.
            rules: where judgement draws its lines.
            clock: tells the time.
            credential: which token calls carry, so that another one is told from it; never the token.
            told: hears each step as it is reached.
            tracing: tells each attempt; None: nothing does.
        """
        self.rules = rules
        self.reader = reader
        self.remedies = remedies
        self._desk = desk
        self._knowledge = knowledge
        self._clock = clock
        self._credential = credential
        self._told = told
        self._tracing = tracing

    async def result(self, claim: Claim) -> Result:
        """What came of the one call that a claim allows, or why it was not made."""
        if self._tracing is None:
            return await self._result(claim)
        return await attempted(self._tracing, claim, lambda: self._result(claim))

    async def _result(self, claim: Claim) -> Result:
        action = claim.action
        reading = await self.reader.read(action.organization_id)
        self._told("read")
        if reading is None or reading.failure is not None:
            return Result(AttemptOutcome.NOT_CALLED, hold=Hold.UNREADABLE)
        self._knowledge.receive(reading)
        state = read_afresh(self._knowledge.state(action.organization_id), reading, self.rules)
        decision = decide(wanted_of(action), state, self._desk.limits, self._clock.now().wall)
        if isinstance(decision, Over):
            return Result(AttemptOutcome.NOT_CALLED, over=decision.why)
        if isinstance(decision, Wait):
            return Result(AttemptOutcome.NOT_CALLED, hold=decision.hold)
        if decision.kind is not action.kind:
            return Result(AttemptOutcome.NOT_CALLED, hold=Hold.COOLDOWN)
        return await self._confirmed(claim, decision, state)

    async def _confirmed(self, claim: Claim, decision: Do, state: OrganizationState | None) -> Result:
        failed = None if state is None or state.status is None else state.status.failed_syncs
        try:
            confirmed = await self._desk.confirm(claim, decision.parameters, failed)
        except LedgerError:
            # Not on the record, so not done. The next turn records that, once it can.
            return Result(AttemptOutcome.NOT_CALLED, hold=Hold.UNREADABLE)
        if isinstance(confirmed, Hold):
            return Result(AttemptOutcome.NOT_CALLED, hold=confirmed)
        self._told("confirmed")
        if claim.rehearsal:
            _log.info("would_call", **_about(claim.action, decision.parameters))
            return Result(AttemptOutcome.REHEARSED)
        if self._desk.limits.mode not in (Mode.APPROVE, Mode.AUTO):
            return Result(AttemptOutcome.NOT_CALLED, hold=Hold.DRY_RUN)
        return await self._call(claim, decision.parameters)

    async def _call(self, claim: Claim, parameters: Parameters) -> Result:
        action = claim.action
        # Before the call: while it is out the file may get another token, which nobody has refused.
        credential = self._credential()
        try:
            answer = await self.remedies.call(action.organization_id, action.kind, parameters, claim.idempotency_key)
        except DisarmedError:
            return Result(AttemptOutcome.NOT_CALLED, hold=Hold.DRY_RUN)
        except Exception:  # noqa: BLE001 - a fault of ours must not look like a call that was not sent
            _log.exception("call_broke", action=action.id)
            return Result(AttemptOutcome.UNKNOWN, sent=Sent.MAYBE)
        self._told("called")
        result = result_of(answer, credential)
        _log.info("called", outcome=result.outcome, http_status=result.http_status, **_about(action, parameters))
        return result


def result_of(answer: int | UpstreamFailure, credential: str) -> Result:
    """What an answer means for the attempt. Only a connection that was never made, and 429, may be tried again."""
    if isinstance(answer, int):
        return Result(AttemptOutcome.ACCEPTED, sent=Sent.YES, http_status=answer)
    status = answer.http_status
    if answer.sent is Sent.NO:
        # No token could be read: nobody was asked, and nobody is to be asked again before there is one.
        no_token = Result(AttemptOutcome.NOT_CALLED, hold=Hold.CREDENTIAL)
        unsent = Result(AttemptOutcome.NOT_SENT, sent=Sent.NO, retry_after=answer.retry_after)
        return no_token if answer.failure is Failure.AUTH else unsent
    if answer.failure is Failure.RATE_LIMITED:
        return Result(AttemptOutcome.RATE_LIMITED, answer.sent, status, answer.retry_after)
    if answer.failure is Failure.AUTH:
        return Result(AttemptOutcome.REFUSED, answer.sent, status, hold=Hold.CREDENTIAL, credential=credential)
    if status is not None and answer.failure is not Failure.SERVER_ERROR:
        return Result(AttemptOutcome.REFUSED, answer.sent, status)
    return Result(AttemptOutcome.UNKNOWN, answer.sent, status)


def _about(action: Action, parameters: Parameters) -> dict[str, object]:
    return {
        "action": action.id,
        "organization_id": action.organization_id,
        "kind": action.kind,
        "sync_types": list(parameters.sync_types),
        "records": len(parameters.record_ids),
        "since": parameters.since,
    }
