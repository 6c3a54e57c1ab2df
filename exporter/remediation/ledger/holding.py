"""Holding actions: a new hold is a change with its event, one that goes on costs next to nothing.

In a storm ten thousand actions are held and judged again and again: each put off by a statement of its own took 0.8 ms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, case, tuple_, update

from exporter.model.action import Action, ActionState, Mode
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.remediation.gates import LOOK_AGAIN, Refusal
from exporter.remediation.ledger.changing import change
from exporter.remediation.ledger.tables import ACTIONS


class PutOff(NamedTuple):
    """An action whose hold goes on.

    Attributes:
        id: of the action.
        version: as it was judged.
        until: when to judge it again, seconds since 1970 UTC.
    """

    id: int
    version: int
    until: float


def hold(connection: Connection, action: Action, refusal: Refusal, limits: Limits, now: float) -> PutOff | None:
    """Holds an action by a gate; a hold that is not new is to be put off, with the others of its turn.

    In a dry run the hold is that, and what would have held it is told beside.
    """
    word, would, state, expires_at = refusal.hold, None, ActionState.HELD, action.expires_at
    if word is Hold.APPROVAL:
        state = ActionState.AWAITING_APPROVAL
        if action.state is not state:
            expires_at = min(expires_at, now + limits.approval_expires)
    elif limits.mode is Mode.DRY_RUN:
        word, would = Hold.DRY_RUN, refusal.hold
    if (state, word, would) == (action.state, action.hold, action.would):
        return PutOff(action.id, action.version, refusal.until)
    change(
        connection,
        action,
        now,
        note="" if would is None else f"would be held: {would}",
        state=state,
        hold=word,
        would=would,
        look_at=refusal.until,
        expires_at=expires_at,
    )
    return None


def hold_by_policy(connection: Connection, action: Action, word: Hold, now: float) -> PutOff | None:
    """Holds an action by what policy says; as `hold`."""
    until = now + LOOK_AGAIN
    if (action.state, action.hold) == (ActionState.HELD, word):
        return PutOff(action.id, action.version, until)
    change(connection, action, now, state=ActionState.HELD, hold=word, would=None, look_at=until)
    return None


def put_off(connection: Connection, held: Iterable[PutOff]) -> None:
    """Has these judged again later, all of one instant at once; what somebody has changed meanwhile is left alone."""
    by_until: defaultdict[float, list[PutOff]] = defaultdict(list)
    for one in held:
        by_until[one.until].append(one)
    for until, ones in by_until.items():
        connection.execute(
            update(ACTIONS)
            .where(tuple_(ACTIONS.c.id, ACTIONS.c.version).in_([(one.id, one.version) for one in ones]))
            .values(look_at=case((ACTIONS.c.expires_at < until, ACTIONS.c.expires_at), else_=until))
        )
