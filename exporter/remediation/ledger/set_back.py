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
    (TRIGGERS, TRIGGERS.c.last_at),
)
"""What the gates, the ends of episodes and the ends of triggers are counted from."""

PLAUSIBLE: Final = 86_400.0
"""Seconds from now up to which a time to wait until may be one of the right clock, and stands: no call comes early."""


_OF_ALL: Final = (GATE.c.heartbeat_at, *(column for table, column in _INSTANTS if table is GATE))


def noticed(connection: Connection, now: float) -> bool:
    """Whether the last heartbeat, or anything that holds everybody, lies in the future."""
    gate = connection.execute(select(*_OF_ALL)).one()
    return any(instant is not None and instant > now + SLACK for instant in gate)


def bring_back(connection: Connection, expires: float, now: float) -> bool:
    """Has all that lies in the future count as of now; an event tells of it. Returns whether there was anything.

    Args:
        connection: of the ledger.
        expires: `Limits.expires`: no clock that is right lets an action wait, or a person's no last, for longer.
        now: seconds since 1970 UTC.
    """
    found = _actions(connection, expires, now)
    quiet = TRIGGERS.c.quiet_until
    # That says nothing of a clock: it is longer also where `expires` was made shorter.
    connection.execute(update(TRIGGERS).where(quiet > now + expires).values({quiet: now + expires}))
    for table, column in _INSTANTS:
        found += connection.execute(update(table).where(column > now + SLACK).values({column: now})).rowcount
    # Also of those that were only put off meanwhile, which changes nothing else; one look too many costs nothing.
    connection.execute(
        update(ACTIONS).where(ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now).values(look_at=now)
    )
    if found:
        record(connection, now, "clock_set_back")
    return bool(found)


def _actions(connection: Connection, expires: float, now: float) -> int:
    """Of actions that were changed in the future all instants go back by as much, so that spans stay as they are.

    But for a call, an end, and what the platform asked to wait, that may be of the right clock, before: those stay.
    """
    columns = ACTIONS.c
    ahead = columns.changed_at - now
    least = {columns.called_at: now + SLACK, columns.back_off_until: now + PLAUSIBLE, columns.expires_at: now + expires}
    return connection.execute(
        update(ACTIONS)
        .where(columns.state.in_(UNFINISHED), columns.changed_at > now + SLACK)
        .values(
            {
                **{column: column - ahead for column in (columns.changed_at, columns.look_at, columns.verify_by)},
                **{one: case((one > line, one - ahead), else_=one) for one, line in least.items()},
                columns.created_at: case((columns.created_at > now, now), else_=columns.created_at),
            }
        )
    ).rowcount
