"""Requests that come again: a client that lost the answer asks once more, and finds what it asked for done once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, delete, insert, select

from exporter.errors import RefusedError
from exporter.model.action import Action, GateView, RequestKey
from exporter.remediation.ledger.reading import action_by_id, gate
from exporter.remediation.ledger.tables import REQUESTS

KEPT: Final = 86_400.0
"""Seconds for which a request is known again."""

_T = TypeVar("_T", Action, GateView)


def action_once(connection: Connection, key: RequestKey | None, now: float, do: Callable[[], Action]) -> Action:
    """Does it, or tells how the action stands that it led to before.

    Raises:
        RefusedError: the key was used for something else, or what it led to is forgotten.
    """
    number = _known(connection, key, now)
    if number is None:
        return _noted(connection, key, now, do(), lambda action: action.id)
    action = action_by_id(connection, number)
    if action is None:
        raise RefusedError("this Idempotency-Key was used for an action that is forgotten: use another one")
    return action


def gate_once(connection: Connection, key: RequestKey | None, now: float, do: Callable[[], GateView]) -> GateView:
    """Does it, or tells how the gate stands when it was done before.

    Raises:
        RefusedError: the key was used for something else.
    """
    if _known(connection, key, now) is None:
        return _noted(connection, key, now, do(), lambda _: 0)
    return gate(connection)


def _known(connection: Connection, key: RequestKey | None, now: float) -> int | None:
    if key is None:
        return None
    connection.execute(delete(REQUESTS).where(REQUESTS.c.at < now - KEPT))
    row = connection.execute(select(REQUESTS).where(REQUESTS.c.key == key.key)).mappings().first()
    if row is None:
        return None
    if row["content"] != key.content:
        raise RefusedError("this Idempotency-Key was used for another request: use a new one for each request")
    number: int = row["action_id"]
    return number


def _noted(connection: Connection, key: RequestKey | None, now: float, done: _T, number: Callable[[_T], int]) -> _T:
    if key is not None:
        connection.execute(insert(REQUESTS).values(key=key.key, content=key.content, action_id=number(done), at=now))
    return done
