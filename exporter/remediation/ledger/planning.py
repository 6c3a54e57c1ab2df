"""From triggers to actions, and from judged actions to one claim: what a tick of the executor writes.

The judgement itself is pure and happens outside: what comes in here is what `policy` said by the snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from exporter.model.action import (
    UNFINISHED,
    UNSTARTED,
    WATCHED,
    Action,
    ActionState,
    Trigger,
    TriggerState,
)
from exporter.model.limits import Limits
from exporter.remediation.gates import DAY
from exporter.remediation.ledger.changing import create
from exporter.remediation.ledger.releasing import assign, dismiss, hand_over
from exporter.remediation.ledger.rows import action_of, trigger_of
from exporter.remediation.ledger.tables import ACTIONS, TRIGGERS
from exporter.remediation.policy import Decision, Do, Over


@dataclass(frozen=True, slots=True)
class Planned:
    """A trigger, and what policy said of it."""

    trigger: Trigger
    decision: Decision


class Due(NamedTuple):
    """An action that is to be judged now, and the triggers that it is there for, the oldest first."""

    action: Action
    triggers: tuple[Trigger, ...]


def waiting_triggers(connection: Connection, limit: int) -> Sequence[Trigger]:
    """Triggers that are not judged yet, the oldest first."""
    wanted = select(TRIGGERS).where(TRIGGERS.c.state == TriggerState.TRIGGERED).order_by(TRIGGERS.c.id).limit(limit)
    return [trigger_of(row) for row in connection.execute(wanted).mappings()]


def due_actions(connection: Connection, limit: int, now: float) -> Sequence[Due]:
    """Actions that have not started and are to be judged now; those that waited longest first."""
    wanted = (
        select(ACTIONS)
        .where(ACTIONS.c.state.in_(UNSTARTED), or_(ACTIONS.c.look_at <= now, ACTIONS.c.changed_at > now + DAY))
        .order_by(ACTIONS.c.look_at, ACTIONS.c.id)
        .limit(limit)
    )
    actions = [action_of(row) for row in connection.execute(wanted).mappings()]
    triggers: defaultdict[int | None, list[Trigger]] = defaultdict(list)
    for start in range(0, len(actions), 500):
        theirs = TRIGGERS.c.action_id.in_([one.id for one in actions[start : start + 500]])
        live = select(TRIGGERS).where(theirs, TRIGGERS.c.state == TriggerState.PLANNED).order_by(TRIGGERS.c.id)
        for row in connection.execute(live).mappings():
            triggers[row["action_id"]].append(trigger_of(row))
    return [Due(one, tuple(triggers[one.id])) for one in actions]


def watched_actions(connection: Connection) -> Sequence[Action]:
    """Actions whose call was made, and of which readings have to tell; some dozens at most, by the budgets."""
    return [
        action_of(row) for row in connection.execute(select(ACTIONS).where(ACTIONS.c.state.in_(WATCHED))).mappings()
    ]


def plan(connection: Connection, planned: Sequence[Planned], limits: Limits, now: float) -> int:
    """Gives each trigger an action, its own or the unfinished one that is there; returns how many are new."""
    new = 0
    for one in planned:
        if isinstance(one.decision, Over):
            dismiss(connection, (one.trigger.id,))
            continue
        number = _unfinished(connection, one)
        if number is None:
            assign(connection, (one.trigger.id,), create(connection, _blank(one, limits, now)).id)
            new += 1
        else:
            hand_over(connection, (one.trigger.id,), number, now)
    return new


def _unfinished(connection: Connection, planned: Planned) -> int | None:
    assert not isinstance(planned.decision, Over)
    return connection.execute(
        select(ACTIONS.c.id).where(
            ACTIONS.c.organization_id == planned.trigger.organization_id,
            ACTIONS.c.kind == planned.decision.kind,
            ACTIONS.c.state.in_(UNFINISHED),
        )
    ).scalar()


def _blank(planned: Planned, limits: Limits, now: float) -> Action:
    """An action that the next look judges, gates included: nothing is decided here but what it would be."""
    trigger, decision = planned.trigger, planned.decision
    assert not isinstance(decision, Over)
    return Action(
        id=0,
        organization_id=trigger.organization_id,
        kind=decision.kind,
        state=ActionState.PLANNED,
        parameters=decision.parameters if isinstance(decision, Do) else None,
        source=trigger.source,
        issue=trigger.issue,
        since=trigger.since,
        created_at=now,
        changed_at=now,
        look_at=now,
        expires_at=now + limits.expires,
    )
