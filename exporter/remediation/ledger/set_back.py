"""After the clock was set back: what was written before lies in the future, and must not hold anything until then.

A machine that started with a clock years ahead would else have its cooldowns, budgets, storms and breaker for years.
What lies in the future counts as of now: the careful reading, as nobody knows when it really was.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Table, case, select, update

from exporter.model.action import UNFINISHED, UNSTARTED
from exporter.remediation.ledger.changing import record
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EPISODES, GATE, TRIGGERS

SLACK: Final = 1.0
"""Seconds that a clock may go back by itself, when it is slewed, without any consequence."""

_INSTANTS: Final[tuple[tuple[Table, Column[Any]], ...]] = (
    (GATE, GATE.c.created_at),
    (GATE, GATE.c.storm_seen_at),
    (GATE, GATE.c.breaker_opened_at),
    (ATTEMPTS, ATTEMPTS.c.claimed_at),
    (ATTEMPTS, ATTEMPTS.c.ended_at),
    (EPISODES, EPISODES.c.absent_since),
    # A reconnect that seems to come after every call is never done.
    (TRIGGERS, TRIGGERS.c.received_at),
)
"""What the gates, the ends of episodes and the ends of triggers are counted from."""

PLAUSIBLE: Final = 86_400.0
"""Seconds from now up to which a time to wait until may be one of the right clock, and stands: no call comes early."""


_OF_ALL: Final = (GATE.c.heartbeat_at, *(column for table, column in _INSTANTS if table is GATE))


def noticed(connection: Connection, now: float) -> bool:
    """Whether the last heartbeat, or anything that holds everybody, lies in the future."""
    gate = connection.execute(select(*_OF_ALL)).one()
    return any(instant is not None and instant > now + SLACK for instant in gate)


def bring_back(connection: Connection, now: float) -> bool:
    """Has all that lies in the future count as of now; an event tells of it. Returns whether there was anything."""
    found = _actions(connection, now) + _triggers(connection, now)
    for table, column in _INSTANTS:
        found += connection.execute(update(table).where(column > now + SLACK).values({column: now})).rowcount
    # Also of those that were only put off meanwhile, which changes nothing else; one look too many costs nothing.
    connection.execute(
        update(ACTIONS).where(ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now).values(look_at=now)
    )
    if found:
        record(connection, now, "clock_set_back")
    return bool(found)


def _actions(connection: Connection, now: float) -> int:
    """Of actions that were changed in the future all instants go back by as much, so that spans stay as they are.

    But for what is waited for no longer than can be: that may have been written by the right clock, before.
    """
    columns = ACTIONS.c
    ahead = columns.changed_at - now
    back = (columns.changed_at, columns.look_at, columns.called_at)
    waits = (columns.expires_at, columns.back_off_until)
    return connection.execute(
        update(ACTIONS)
        .where(columns.state.in_(UNFINISHED), columns.changed_at > now + SLACK)
        .values(
            {
                **{column: column - ahead for column in (*back, columns.verify_by)},
                **{column: case((column > now + PLAUSIBLE, column - ahead), else_=column) for column in waits},
                columns.created_at: case((columns.created_at > now, now), else_=columns.created_at),
            }
        )
    ).rowcount


def _triggers(connection: Connection, now: float) -> int:
    """Of triggers that were delivered in the future, for how long a person's no silences them goes back with them."""
    columns = TRIGGERS.c
    return connection.execute(
        update(TRIGGERS)
        .where(columns.last_at > now + SLACK)
        .values({columns.last_at: now, columns.quiet_until: columns.quiet_until - (columns.last_at - now)})
    ).rowcount
