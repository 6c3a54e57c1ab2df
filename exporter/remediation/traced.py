"""Attempts of an exporter that sends traces; where none are sent, the others know nothing of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from exporter.model.action import AttemptOutcome
from exporter.remediation.ledger.claiming import Claim
from exporter.remediation.ledger.recording import Result
from exporter.telemetry.tracing import Tracing

_BAD: Final = frozenset({AttemptOutcome.REFUSED, AttemptOutcome.UNKNOWN, AttemptOutcome.NOT_SENT})
"""What a person looks for among traces; a hold is no failure."""


async def attempted(tracing: Tracing, claim: Claim, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Makes an attempt and tells it, linked to what asked for it; its reading and its call are told as parts of it."""
    action = claim.action
    with tracing.open(
        "attempt",
        caused_by=claim.caused_by,
        organization_id=action.organization_id,
        action=action.id,
        kind=str(action.kind),
        rehearsal=claim.rehearsal,
    ) as span:
        result = await attempt()
        span.say(outcome=str(result.outcome))
        if result.hold is not None:
            span.say(hold=str(result.hold))
        if result.outcome in _BAD:
            span.failed(result.outcome)
    return result
