"""What becomes of those who asked for an action when it ends: it was judged by one of them, and others may go on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, update

from exporter.model.action import UNSTARTED, Action, ActionState, TriggerSource, TriggerState
from exporter.remediation.ledger.tables import ACTIONS, TRIGGERS

_ASK_ON: Final = and_(
    TRIGGERS.c.state == TriggerState.PLANNED,
    not_(and_(TRIGGERS.c.source == TriggerSource.ALERT, TRIGGERS.c.resolved)),
)


def release(connection: Connection, action: Action) -> None:
    """Has those ask again for whom an action that ended did nothing, and those for whom it did not help.

    An alert whose action was refused, exhausted, expired or verified asks again when it is delivered again.
    """
    asks_again = not_(_led(action))
    if action.state is ActionState.INEFFECTIVE:
        asks_again = or_(asks_again, TRIGGERS.c.source == TriggerSource.ALERT)
    connection.execute(
        update(TRIGGERS)
        .where(TRIGGERS.c.action_id == action.id, _ASK_ON, asks_again)
        .values(state=TriggerState.TRIGGERED)
    )


def dismiss(connection: Connection, triggers: tuple[int, ...]) -> None:
    """Nothing is wrong any more with what these ask for."""
    if triggers:
        connection.execute(update(TRIGGERS).where(TRIGGERS.c.id.in_(triggers)).values(state=TriggerState.DISMISSED))


def assign(connection: Connection, triggers: tuple[int, ...], action_id: int) -> None:
    """This action is there for these."""
    connection.execute(
        update(TRIGGERS).where(TRIGGERS.c.id.in_(triggers)).values(state=TriggerState.PLANNED, action_id=action_id)
    )


def hand_over(connection: Connection, triggers: tuple[int, ...], action_id: int, now: float) -> None:
    """An action that is there already is there for these too, and is judged by them at the next look."""
    assign(connection, triggers, action_id)
    connection.execute(
        update(ACTIONS)
        .where(ACTIONS.c.id == action_id, ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now)
        .values(look_at=now)
    )


def silence(connection: Connection, action: Action, until: float) -> None:
    """A person rejected the action: whoever it was judged by asks no more until it has ended, or until then."""
    theirs = TRIGGERS.c.id >= 0 if action.source is TriggerSource.PERSON else _led(action)
    connection.execute(
        update(TRIGGERS)
        .where(TRIGGERS.c.action_id == action.id, TRIGGERS.c.state == TriggerState.PLANNED, theirs)
        .values(state=TriggerState.DISMISSED, quiet_until=until)
    )


def _led(action: Action) -> ColumnElement[bool]:
    """By which triggers it was judged last; what broke after its call is not among them."""
    if action.source is TriggerSource.PERSON:
        return false()
    if action.source is TriggerSource.RECONNECT and action.called_at is not None:
        return and_(TRIGGERS.c.source == action.source, TRIGGERS.c.received_at <= action.called_at)
    if action.source is TriggerSource.RECONNECT:
        return TRIGGERS.c.source == action.source
    return and_(TRIGGERS.c.source == action.source, TRIGGERS.c.issue.is_not_distinct_from(action.issue))
