"""The claim: gates, then the attempt, in one transaction; and the last look before the call goes out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from exporter.model.action import (
    UNFINISHED,
    Action,
    ActionState,
    AttemptOutcome,
    Parameters,
)
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide, Limits
from exporter.remediation.gates import FLEET_WIDE, GATES, LOOK_AGAIN, Case, Gate, is_storm, judge
from exporter.remediation.ledger.changing import change, touch
from exporter.remediation.ledger.counting import episode_of, fleet_tallies, gate_locked, tallies_of
from exporter.remediation.ledger.holding import PutOff, hold, hold_by_policy, put_off
from exporter.remediation.ledger.receiving import saw_storm
from exporter.remediation.ledger.rows import CALL, written
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EPISODES, GATE, TRIGGERS
from exporter.remediation.policy import Decision, Do, Over, Wait

MAX_CAUSES: Final = 8
"""Spans to which an attempt is linked, the latest: alerts of one organisation that ask for one kind are few."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An action before the gates: what policy said of it, and how the fleet stands."""

    action: Action
    decision: Decision
    fleet: Fleetwide


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that is committed. At most one call may be made for it, and none for a rehearsal.

    Attributes:
        action: started.
        attempt_id: the ledger's number of the attempt.
        idempotency_key: what the call carries.
        rehearsal: whether it is a dry run.
        caused_by: the spans, as W3C Trace Context writes them, in which what asks for it came.
    """

    action: Action
    attempt_id: int
    idempotency_key: str
    rehearsal: bool
    caused_by: tuple[str, ...] = ()


def settle(
    connection: Connection, judged: Sequence[Judged], limits: Limits, now: float, gates: Sequence[Gate] = GATES
) -> Claim | None:
    """Writes down what becomes of each; the first that may be done is claimed, and those after it wait for a tick."""
    gate = gate_locked(connection)
    fleet = fleet_tallies(connection, gate)
    everybody = tuple(one for one in gates if one.hold in FLEET_WIDE)
    if judged and is_storm(judged[0].fleet, limits):
        saw_storm(connection, now)
    unchanged: list[PutOff] = []
    claim = None
    for one in judged:
        action, kept = _of_its_kind(connection, one, now)
        if action is not None:
            case = Case(action, limits, one.fleet, fleet, now)
            if case.rehearsal and action.would == CALL:
                # It was rehearsed: what it would do stands there until its issue ends, or the mode is another one.
                unchanged.append(PutOff(action.id, action.version, now + LOOK_AGAIN))
                continue
            refusal = judge(case, everybody)
            if refusal is None:
                tallies = tallies_of(connection, action, gate, now, rehearsal=case.rehearsal)
                refusal = judge(replace(case, tallies=tallies), gates)
            if refusal is None:
                claim = _claimed(connection, action, now, rehearsal=case.rehearsal)
                break
            kept = hold(connection, action, refusal, limits, now)
        if kept is not None:
            unchanged.append(kept)
    put_off(connection, unchanged)
    return claim


def confirm(
    connection: Connection, claim: Claim, parameters: Parameters, failed_before: int | None, now: float
) -> Claim | Hold:
    """The last look before the call: what it will carry is on the record, and nobody paused meanwhile.

    Returns:
        The claim as it goes out, or the hold that stops it.
    """
    gate = gate_locked(connection)
    if gate.paused_at is not None:
        return Hold.PAUSED
    if gate.credential_refused_at is not None:
        return Hold.CREDENTIAL
    connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.id == claim.attempt_id, ATTEMPTS.c.outcome == AttemptOutcome.STARTED)
        .values(parameters=written(parameters))
    )
    action = touch(connection, claim.action, parameters=parameters, failed_before=failed_before, called_at=now)
    return replace(claim, action=action)


def _of_its_kind(connection: Connection, judged: Judged, now: float) -> tuple[Action | None, PutOff | None]:
    """The action as policy wants it, for the gates; None when it ended here, or is held by policy."""
    action, decision = judged.action, judged.decision
    if action.expires_at <= now:
        change(connection, action, now, state=ActionState.EXPIRED, hold=action.hold)
        return None, None
    if isinstance(decision, Over):
        change(connection, action, now, note=decision.why, state=ActionState.CANCELLED, hold=None)
        return None, None
    if isinstance(decision, Wait):
        return None, hold_by_policy(connection, action, decision.hold, now)
    if decision.kind is not action.kind and _joins(connection, action, decision, now):
        return None, None
    if (action.kind, action.parameters) == (decision.kind, decision.parameters):
        return action, None
    return touch(connection, action, kind=decision.kind, parameters=decision.parameters), None


def _joins(connection: Connection, action: Action, decision: Do, now: float) -> bool:
    """Whether an action of the other kind is there already: then this one ends, and its triggers are that one's."""
    other = connection.execute(
        select(ACTIONS.c.id).where(
            ACTIONS.c.organization_id == action.organization_id,
            ACTIONS.c.kind == decision.kind,
            ACTIONS.c.state.in_(UNFINISHED),
        )
    ).scalar()
    if other is None:
        return False
    connection.execute(update(TRIGGERS).where(TRIGGERS.c.action_id == action.id).values(action_id=other))
    change(connection, action, now, note=f"joins action {other}", state=ActionState.CANCELLED, hold=None)
    return True


def _claimed(connection: Connection, action: Action, now: float, *, rehearsal: bool) -> Claim:
    key = str(uuid.uuid4())
    result = connection.execute(
        insert(ATTEMPTS).values(
            action_id=action.id,
            organization_id=action.organization_id,
            episode_id=_episode(connection, action, now),
            rehearsal=rehearsal,
            idempotency_key=key,
            parameters=written(action.parameters),
            claimed_at=now,
            outcome=AttemptOutcome.STARTED,
        )
    )
    (number,) = result.inserted_primary_key or (0,)
    if not rehearsal:
        # Only the one that a half-open breaker lets through is a trial; `breaker_pause` is None while it is closed.
        connection.execute(update(GATE).where(GATE.c.breaker_opened_at.is_not(None)).values(breaker_trial=action.id))
    started = change(
        connection,
        action,
        now,
        note="rehearsal" if rehearsal else "",
        state=ActionState.STARTED,
        hold=None,
        would=None,
        back_off_until=None,
        called_at=now,
        failed_before=None,  # counted afresh before the call: what a crash leaves is not judged by an older count
    )
    return Claim(started, number, key, rehearsal, _caused_by(connection, action))


def _caused_by(connection: Connection, action: Action) -> tuple[str, ...]:
    spans = (
        select(TRIGGERS.c.traceparent)
        .where(TRIGGERS.c.action_id == action.id, TRIGGERS.c.traceparent != "")
        .group_by(TRIGGERS.c.traceparent)
        .order_by(func.max(TRIGGERS.c.last_at).desc())
        .limit(MAX_CAUSES)
    )
    return tuple(connection.execute(spans).scalars())


def _episode(connection: Connection, action: Action, now: float) -> int | None:
    if action.issue is None:
        return None
    there = episode_of(connection, action)
    if there is not None:
        return there
    result = connection.execute(
        insert(EPISODES).values(organization_id=action.organization_id, issue=action.issue, began_at=now)
    )
    (number,) = result.inserted_primary_key or (None,)
    return number
