"""What asks for an action, written down before anybody looks at it: alerts and reconnects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from exporter.model.action import UNFINISHED, UNSTARTED, TriggerSource, TriggerState
from exporter.model.asked import AlertDelivery, Receipt, Reconnect
from exporter.remediation.ledger.changing import record
from exporter.remediation.ledger.tables import ACTIONS, GATE, TRIGGERS

_Insert: TypeAlias = "sqlite.Insert | postgresql.Insert"
_DIALECTS: Final[Mapping[str, Callable[[Table], _Insert]]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def deliver(
    connection: Connection, deliveries: Sequence[AlertDelivery], truncated: int, now: float, traceparent: str = ""
) -> Receipt:
    """Records a delivery; 10,000 alerts take some 0.3 s.

    An alert that comes again asks again when its action has ended meanwhile. One that was resolved stays so: a
    delivery that was overtaken by its end asks for nothing.

    Args:
        connection: in whose transaction.
        deliveries: any number.
        truncated: how many alerts were left out.
        now: the present.
        traceparent: of the span in which they came; kept with what asks, so that an attempt can be linked to it.
    """
    rows = [_row(one, now) | {"traceparent": traceparent} for one in deliveries]
    receipt = _take_in(connection, rows)
    if truncated:
        saw_storm(connection, now)
    resolved = [row["key"] for row in rows if row["resolved"]]
    if resolved:
        _look_soon(connection, resolved, now)
    return receipt


def reconnected(connection: Connection, reconnects: Sequence[Reconnect], now: float) -> Receipt:
    """Records connections that are well again; each break counts once."""
    rows = [
        _blank(TriggerSource.RECONNECT, one.organization_id, now)
        | {"key": _key(one.organization_id, repr(one.since)), "since": one.since}
        for one in reconnects
    ]
    return _take_in(connection, rows)


def saw_storm(connection: Connection, now: float) -> None:
    """Remembers that a storm was seen now; its beginning is an event, and the one escalation of all that it holds."""
    before = connection.execute(select(GATE.c.storm_seen_at)).scalar()
    connection.execute(update(GATE).values(storm_seen_at=now))
    if before is None:
        record(connection, now, "storm_began")


def _take_in(connection: Connection, rows: list[dict[str, Any]]) -> Receipt:
    if not rows:
        return Receipt(0, 0)
    before = connection.execute(select(func.count()).select_from(TRIGGERS)).scalar_one()
    connection.execute(_upsert(connection), rows)
    new = connection.execute(select(func.count()).select_from(TRIGGERS)).scalar_one() - before
    return Receipt(recorded=new, repeated=len(rows) - new)


def _upsert(connection: Connection) -> _Insert:
    """Inserts triggers; one that is there is told that it came again."""
    dialect_insert = _DIALECTS[connection.dialect.name]
    statement = dialect_insert(TRIGGERS)
    new = statement.excluded
    # Not IN: its list is written out at each execution, and thousands of rows are one statement here.
    unfinished_state = or_(*(ACTIONS.c.state == _fixed(state) for state in UNFINISHED))
    unfinished = select(ACTIONS.c.id).where(ACTIONS.c.id == TRIGGERS.c.action_id, unfinished_state).correlate(TRIGGERS)
    over = case((new.resolved, true()), else_=TRIGGERS.c.resolved)
    asks_again = and_(
        TRIGGERS.c.source == _fixed(TriggerSource.ALERT),
        TRIGGERS.c.state != _fixed(TriggerState.TRIGGERED),
        not_(unfinished.exists()),
        not_(TRIGGERS.c.resolved),
        not_(new.resolved),
    )
    ends_unjudged = and_(TRIGGERS.c.state == _fixed(TriggerState.TRIGGERED), new.resolved)
    return statement.on_conflict_do_update(
        index_elements=["source", "key"],
        set_={
            "deliveries": TRIGGERS.c.deliveries + literal_column("1"),
            "last_at": new.last_at,
            "resolved": over,
            "state": case(
                (asks_again, _fixed(TriggerState.TRIGGERED)),
                (ends_unjudged, _fixed(TriggerState.DISMISSED)),
                else_=TRIGGERS.c.state,
            ),
            "traceparent": case((asks_again, new.traceparent), else_=TRIGGERS.c.traceparent),
        },
    )


def _fixed(word: StrEnum) -> ColumnElement[str]:
    """One of our own words, written into the statement: as parameters, twenty of them went along with every row."""
    return literal_column(f"'{word}'", String)


def _look_soon(connection: Connection, keys: Sequence[str], now: float) -> None:
    """Has the actions of alerts that are over judged at the next look: only a fresh diagnosis may cancel them."""
    for start in range(0, len(keys), 500):
        theirs = select(TRIGGERS.c.action_id).where(
            TRIGGERS.c.source == TriggerSource.ALERT, TRIGGERS.c.key.in_(keys[start : start + 500])
        )
        connection.execute(
            update(ACTIONS)
            .where(ACTIONS.c.id.in_(theirs), ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now)
            .values(look_at=now)
        )


def _row(one: AlertDelivery, now: float) -> dict[str, Any]:
    # Not by fingerprint alone: it is the sender's word, and must not swallow what is about somebody else.
    key = _key(one.fingerprint, one.starts_at, one.organization_id, one.issue)
    return _blank(TriggerSource.ALERT, one.organization_id, now) | {
        "key": key,
        "issue": one.issue,
        "alertname": one.alertname[:128],
        "resolved": one.resolved,
        "state": TriggerState.DISMISSED if one.resolved else TriggerState.TRIGGERED,
    }


def _blank(source: TriggerSource, organization_id: str, now: float) -> dict[str, Any]:
    return {
        "source": source,
        "organization_id": organization_id,
        "issue": None,
        "since": None,
        "alertname": "",
        "state": TriggerState.TRIGGERED,
        "received_at": now,
        "last_at": now,
        "deliveries": 1,
        "resolved": False,
        "traceparent": "",
    }


def _key(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
