"""What people and metrics want to know of the ledger. Nothing here writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, select

from exporter.model.accounts import GateView, Totals
from exporter.model.action import UNFINISHED, Action, ActionKind, ActionRecord, ActionState, Event, TriggerState
from exporter.model.holds import Hold
from exporter.remediation.ledger.rows import action_of, attempt_of, event_of, gate_of, trigger_of
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EVENTS, GATE, TRIGGERS


def gate(connection: Connection) -> GateView:
    """What holds everybody."""
    return gate_of(connection.execute(select(GATE)).mappings().one())


def action_by_id(connection: Connection, action_id: int) -> Action | None:
    """One action; None when there is none of that number."""
    row = connection.execute(select(ACTIONS).where(ACTIONS.c.id == action_id)).mappings().first()
    return None if row is None else action_of(row)


def actions(
    connection: Connection,
    *,
    organization_id: str | None,
    states: Collection[ActionState],
    limit: int,
    before: int | None,
    kind: ActionKind | None = None,
    hold: Hold | None = None,
) -> Sequence[Action]:
    """Actions, the newest first."""
    wanted = select(ACTIONS).order_by(ACTIONS.c.id.desc()).limit(limit)
    if organization_id is not None:
        wanted = wanted.where(ACTIONS.c.organization_id == organization_id)
    if states:
        wanted = wanted.where(ACTIONS.c.state.in_(states))
    if before is not None:
        wanted = wanted.where(ACTIONS.c.id < before)
    if kind is not None:
        wanted = wanted.where(ACTIONS.c.kind == kind)
    if hold is not None:
        wanted = wanted.where(ACTIONS.c.hold == hold)
    return [action_of(row) for row in connection.execute(wanted).mappings()]


def whole_action(connection: Connection, action_id: int) -> ActionRecord | None:
    """One action with all that belongs to it; None when there is none of that number."""
    action = action_by_id(connection, action_id)
    if action is None:
        return None
    triggers = select(TRIGGERS).where(TRIGGERS.c.action_id == action_id).order_by(TRIGGERS.c.id)
    attempts = select(ATTEMPTS).where(ATTEMPTS.c.action_id == action_id).order_by(ATTEMPTS.c.id)
    events = select(EVENTS).where(EVENTS.c.action_id == action_id).order_by(EVENTS.c.id)
    return ActionRecord(
        action,
        tuple(trigger_of(row) for row in connection.execute(triggers).mappings()),
        tuple(attempt_of(row) for row in connection.execute(attempts).mappings()),
        tuple(event_of(row) for row in connection.execute(events).mappings()),
    )


def events(connection: Connection, action_id: int | None, limit: int) -> Sequence[Event]:
    """Events of one action, or (None) of the gate; the newest first."""
    wanted = select(EVENTS).where(EVENTS.c.action_id.is_not_distinct_from(action_id))
    rows = connection.execute(wanted.order_by(EVENTS.c.id.desc()).limit(limit)).mappings()
    return [event_of(row) for row in rows]


def totals(connection: Connection) -> Totals:
    """Counts of everything, every word present."""
    by_state = dict(connection.execute(select(ACTIONS.c.state, func.count()).group_by(ACTIONS.c.state)).tuples().all())
    by_hold = dict(
        connection.execute(
            select(ACTIONS.c.hold, func.count()).where(ACTIONS.c.state.in_(UNFINISHED)).group_by(ACTIONS.c.hold)
        )
        .tuples()
        .all()
    )
    waiting = connection.execute(
        select(func.count()).select_from(TRIGGERS).where(TRIGGERS.c.state == TriggerState.TRIGGERED)
    ).scalar_one()
    return Totals(
        actions={state: by_state.get(state, 0) for state in ActionState},
        held={hold: by_hold.get(hold, 0) for hold in Hold},
        waiting=waiting,
    )
