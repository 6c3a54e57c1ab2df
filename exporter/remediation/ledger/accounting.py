"""Counts for metrics: how the ledger stands, and what is new in it. Each row is counted once. Nothing here writes."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select

from exporter.model.accounts import Account, Marks
from exporter.model.action import ActionState, AttemptOutcome, TriggerSource
from exporter.remediation.gates import DAY, HOUR
from exporter.remediation.ledger.counting import calls_within
from exporter.remediation.ledger.reading import gate, totals
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EVENTS, TRIGGERS


def marks(connection: Connection) -> Marks:
    """The end of the ledger: nothing of what is there now is new."""
    return Marks(_last(connection, TRIGGERS), _last(connection, EVENTS), _closed_up_to(connection))


def account(connection: Connection, since: Marks, now: float, *, rehearsal: bool) -> Account:
    """How the ledger stands, and what is new since those marks.

    Args:
        connection: in any transaction.
        since: up to where it was counted before.
        now: seconds since 1970 UTC.
        rehearsal: whether budgets are those of the dry run.
    """
    end = marks(connection)
    # A ledger that was emptied or replaced begins with small numbers again.
    begin = Marks(*map(min, since, end))
    return Account(
        gate=gate(connection),
        totals=totals(connection),
        hour=calls_within(connection, HOUR, now, rehearsal=rehearsal).calls,
        day=calls_within(connection, DAY, now, rehearsal=rehearsal).calls,
        triggers=_triggers(connection, begin, end),
        entered=_entered(connection, begin, end),
        attempts=_attempts(connection, begin, end),
        verified=_verified(connection, begin, end),
        marks=end,
    )


def _last(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.max(table.c.id))).scalar() or 0


def _closed_up_to(connection: Connection) -> int:
    """The attempt up to which all have ended: one that is under way has no outcome yet, and is counted later."""
    under_way = connection.execute(
        select(func.min(ATTEMPTS.c.id)).where(ATTEMPTS.c.outcome == AttemptOutcome.STARTED)
    ).scalar()
    return _last(connection, ATTEMPTS) if under_way is None else under_way - 1


def _triggers(connection: Connection, begin: Marks, end: Marks) -> dict[TriggerSource, int]:
    rows = connection.execute(
        select(TRIGGERS.c.source, func.count())
        .where(TRIGGERS.c.id > begin.triggers, TRIGGERS.c.id <= end.triggers)
        .group_by(TRIGGERS.c.source)
    ).tuples()
    return {TriggerSource(source): count for source, count in rows}


def _entered(connection: Connection, begin: Marks, end: Marks) -> dict[ActionState, int]:
    rows = connection.execute(
        select(EVENTS.c.what, func.count())
        .where(EVENTS.c.id > begin.events, EVENTS.c.id <= end.events, EVENTS.c.what.in_(list(ActionState)))
        .group_by(EVENTS.c.what)
    ).tuples()
    return {ActionState(what): count for what, count in rows}


def _attempts(connection: Connection, begin: Marks, end: Marks) -> dict[AttemptOutcome, int]:
    rows = connection.execute(
        select(ATTEMPTS.c.outcome, func.count())
        .where(ATTEMPTS.c.id > begin.attempts, ATTEMPTS.c.id <= end.attempts)
        .group_by(ATTEMPTS.c.outcome)
    ).tuples()
    return {AttemptOutcome(outcome): count for outcome, count in rows}


def _verified(connection: Connection, begin: Marks, end: Marks) -> tuple[float, ...]:
    rows = connection.execute(
        select(EVENTS.c.at - ACTIONS.c.called_at)
        .join(ACTIONS, ACTIONS.c.id == EVENTS.c.action_id)
        .where(
            EVENTS.c.id > begin.events,
            EVENTS.c.id <= end.events,
            EVENTS.c.what == ActionState.VERIFIED,
            ACTIONS.c.called_at.is_not(None),
        )
        .order_by(EVENTS.c.id)
    ).scalars()
    return tuple(max(0.0, seconds) for seconds in rows)
