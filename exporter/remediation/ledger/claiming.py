"""The claim: gates, then the attempt, in one transaction; and the last look before the call goes out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from exporter.model.action import (
    UNFINISHED,
    Action,
    ActionKind,
    ActionState,
    AttemptOutcome,
    Parameters,
    TriggerSource,
)
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide, Limits
from exporter.model.words import Issue
from exporter.remediation.approval import approves, within
from exporter.remediation.gates import DAY, FLEET_WIDE, GATES, LOOK_AGAIN, Case, Gate, Refusal, is_storm, judge
from exporter.remediation.ledger.changing import ChangedError, change, touch
from exporter.remediation.ledger.counting import episode_of, fleet_tallies, gate_locked, tallies_of
from exporter.remediation.ledger.holding import PutOff, hold, hold_by_policy, put_off
from exporter.remediation.ledger.receiving import saw_storm
from exporter.remediation.ledger.releasing import dismiss, hand_over
from exporter.remediation.ledger.rows import CALL, written
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EPISODES, GATE, TRIGGERS
from exporter.remediation.policy import Do, Opinion, Over, Wait, Wanted

MAX_CAUSES: Final = 8
"""Spans to which an attempt is linked, the latest: alerts of one organisation that ask for one kind are few."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An action before the gates: what policy said of each that asks for it, and how the fleet stands."""

    action: Action
    opinions: Sequence[Opinion]
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
        ways, kept = _ways(connection, one, limits, now)
        if ways:
            case = Case(ways[0], limits, one.fleet, fleet, now)
            if case.rehearsal and ways[0].would == CALL:
                # It was rehearsed: what it would do stands there until its issue ends, or the mode is another one.
                unchanged.append(PutOff(ways[0].id, ways[0].version, now + LOOK_AGAIN))
                continue
            refusal = judge(case, everybody)
            chosen = ways[0]
            if refusal is None:
                chosen, refusal = _first_that_may(connection, ways, case, gates)
            action = _became(connection, one.action, chosen, now)
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

    Raises:
        ChangedError: this ledger has no such attempt under way.
    """
    gate = gate_locked(connection)
    if gate.paused_at is not None:
        return Hold.PAUSED
    if gate.credential_refused_at is not None:
        return Hold.CREDENTIAL
    if claim.action.approved_by is not None and not within(parameters, claim.action.parameters):
        touch(connection, claim.action, approved_by=None, approved_at=None)
        return Hold.APPROVAL
    open_still = connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.id == claim.attempt_id, ATTEMPTS.c.outcome == AttemptOutcome.STARTED)
        .values(parameters=written(parameters))
    )
    if not open_still.rowcount:
        raise ChangedError
    action = touch(connection, claim.action, parameters=parameters, failed_before=failed_before, called_at=now)
    return replace(claim, action=action)


def _ways(connection: Connection, judged: Judged, limits: Limits, now: float) -> tuple[list[Action], PutOff | None]:
    """What the action could be, for the gates, in the order to try; empty when it ended here, or is held by policy.

    What a person approved comes first, then what the oldest trigger asks for. Who asks for nothing any more is let go;
    who needs an action of the other kind, which is there already, goes to that one.
    """
    action = judged.action
    # An action of more than a day in the future was made by a clock that was ahead, and waits for what will not come.
    if action.expires_at <= now or action.changed_at > now + DAY:
        change(connection, action, now, state=ActionState.EXPIRED, hold=action.hold)
        return [], None
    live = _live(connection, judged.opinions)
    if not live:
        why = next((one.decision.why for one in judged.opinions if isinstance(one.decision, Over)), Over().why)
        change(connection, action, now, note=why, state=ActionState.CANCELLED, hold=None)
        return [], None
    ways, elsewhere = [], None
    for opinion in live:
        decision = opinion.decision
        if isinstance(decision, Do):
            other = None if decision.kind is action.kind else _other(connection, action, decision.kind)
            if other is None:
                ways.append(_by(action, opinion.wanted, decision, limits, now))
            else:
                hand_over(connection, opinion.triggers, other, now)
                elsewhere = other
    if ways:
        return sorted(ways, key=lambda one: one.approved_by is None), None
    waiting = next(((one.wanted, one.decision) for one in live if isinstance(one.decision, Wait)), None)
    if waiting is None:
        change(connection, action, now, note=f"joins action {elsewhere}", state=ActionState.CANCELLED, hold=None)
        return [], None
    wanted, wait = waiting
    held = replace(action, source=wanted.source, issue=_issue(action, wanted), since=wanted.since)
    if (held.source, held.issue) != (action.source, action.issue):
        held = replace(held, parameters=None, would=None, approved_by=None, approved_at=None)
    return [], hold_by_policy(connection, _became(connection, action, held, now), wait.hold, now)


def _live(connection: Connection, opinions: Sequence[Opinion]) -> list[Opinion]:
    """Those of whom something is still wanted; the others are dismissed."""
    over = [one for one in opinions if isinstance(one.decision, Over)]
    for one in over:
        dismiss(connection, one.triggers)
    return [one for one in opinions if one not in over]


def _by(action: Action, wanted: Wanted, decision: Do, limits: Limits, now: float) -> Action:
    """The action as one of those who ask for it needs it. An approval of another call is none of this one."""
    way = replace(
        action,
        kind=decision.kind,
        parameters=decision.parameters,
        source=wanted.source,
        issue=_issue(action, wanted),
        since=wanted.since,
    )
    if (way.source, way.issue) != (action.source, action.issue):
        way = replace(way, would=None)
    if not approves(action, decision.kind, decision.parameters, limits, now):
        way = replace(way, approved_by=None, approved_at=None)
    return way


def _issue(action: Action, wanted: Wanted) -> Issue | None:
    # What a person asks for in place of an alert keeps the issue by which its effect can be told.
    return action.issue if wanted.source is TriggerSource.PERSON else wanted.issue


def _first_that_may(
    connection: Connection, ways: Sequence[Action], case: Case, gates: Sequence[Gate]
) -> tuple[Action, Refusal | None]:
    """The first that all gates let pass; else the very first, and why not."""
    refused = None
    for way in ways:
        tallies = tallies_of(connection, way, case.tallies.gate, case.now, rehearsal=case.rehearsal)
        refusal = judge(replace(case, action=way, tallies=tallies), gates)
        if refusal is None:
            return way, None
        refused = refused or refusal
    return ways[0], refused


def _became(connection: Connection, before: Action, after: Action, now: float) -> Action:
    """Writes down what the action is now; the end of an approval is an event."""
    if after == before:
        return before
    fields: dict[str, Any] = {
        "kind": after.kind,
        "parameters": after.parameters,
        "source": after.source,
        "issue": after.issue,
        "since": after.since,
        "would": after.would,
        "approved_by": after.approved_by,
        "approved_at": after.approved_at,
    }
    if before.approved_by is not None and after.approved_by is None:
        return change(connection, before, now, note="approval_ended", state=ActionState.PLANNED, hold=None, **fields)
    return touch(connection, before, **fields)


def _other(connection: Connection, action: Action, kind: ActionKind) -> int | None:
    """The unfinished action of the other kind, where there is one."""
    return connection.execute(
        select(ACTIONS.c.id).where(
            ACTIONS.c.organization_id == action.organization_id,
            ACTIONS.c.kind == kind,
            ACTIONS.c.state.in_(UNFINISHED),
        )
    ).scalar()


def _claimed(connection: Connection, action: Action, now: float, *, rehearsal: bool) -> Claim:
    key = str(uuid.uuid4())
    if action.source is TriggerSource.PERSON and not rehearsal:
        _end_episodes(connection, action.organization_id, now)
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


def _end_episodes(connection: Connection, organization_id: str, now: float) -> None:
    """A person looked, and calls: what was exhausted may be tried again."""
    connection.execute(
        update(EPISODES)
        .where(EPISODES.c.organization_id == organization_id, EPISODES.c.ended_at.is_(None))
        .values(ended_at=now)
    )


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
