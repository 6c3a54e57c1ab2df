"""Changing one action: compare and set, and the event that tells of it, in the caller's transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, insert, update

from exporter.model.action import UNFINISHED, Action, Parameters
from exporter.model.holds import Hold
from exporter.remediation.ledger.releasing import release
from exporter.remediation.ledger.rows import written
from exporter.remediation.ledger.tables import ACTIONS, EVENTS


class ChangedError(Exception):
    """Somebody else changed the action since it was read; the transaction must not go on."""


def change(
    connection: Connection,
    action: Action,
    now: float,
    *,
    actor: str = "",
    note: str = "",
    said: Parameters | None = None,
    **fields: object,
) -> Action:
    """The action with these fields changed, and one event of its new state; at its end, others may ask again.

    Args:
        connection: in a writing transaction.
        action: as it was read.
        now: seconds since 1970 UTC.
        actor: the person behind it.
        note: that person's words, or a word of ours.
        said: what that person asked for or approved.
        fields: of `Action`.

    Raises:
        ChangedError: it is not as it was read any more.
    """
    after = touch(connection, replace(action, changed_at=now), **fields)
    record(connection, now, after.state, actor=actor, note=note, action_id=after.id, hold=after.hold, parameters=said)
    if after.state not in UNFINISHED:
        release(connection, after)
    return after


def touch(connection: Connection, action: Action, **fields: object) -> Action:
    """As `change`, of what needs no event: when it is looked at next, what its call would carry."""
    after = replace(action, **fields, version=action.version + 1)  # type: ignore[arg-type]
    values = {
        "kind": after.kind,
        "state": after.state,
        "parameters": written(after.parameters),
        "source": after.source,
        "issue": after.issue,
        "since": after.since,
        "hold": after.hold,
        "would": after.would,
        "actor": after.actor,
        "note": after.note,
        "approved_by": after.approved_by,
        "approved_at": after.approved_at,
        "changed_at": after.changed_at,
        "look_at": min(after.look_at, after.expires_at),  # who looks for what is due finds what expires, too
        "expires_at": after.expires_at,
        "back_off_until": after.back_off_until,
        "called_at": after.called_at,
        "verify_by": after.verify_by,
        "failed_before": after.failed_before,
        "version": after.version,
    }
    changed = connection.execute(
        update(ACTIONS).where(ACTIONS.c.id == action.id, ACTIONS.c.version == action.version).values(values)
    )
    if changed.rowcount != 1:
        raise ChangedError
    return after


def create(connection: Connection, blank: Action, *, actor: str = "", note: str = "") -> Action:
    """The action with an id of its own, and its first event."""
    result = connection.execute(
        insert(ACTIONS).values(
            organization_id=blank.organization_id,
            kind=blank.kind,
            state=blank.state,
            source=blank.source,
            issue=blank.issue,
            parameters=written(blank.parameters),
            since=blank.since,
            hold=blank.hold,
            actor=blank.actor,
            note=blank.note,
            approved_by=blank.approved_by,
            approved_at=blank.approved_at,
            created_at=blank.created_at,
            changed_at=blank.changed_at,
            look_at=min(blank.look_at, blank.expires_at),
            expires_at=blank.expires_at,
        )
    )
    (number,) = result.inserted_primary_key or (0,)
    action = replace(blank, id=number)
    said = blank.parameters if actor else None
    at = blank.created_at
    record(connection, at, action.state, actor=actor, note=note, action_id=number, hold=action.hold, parameters=said)
    return action


def record(
    connection: Connection,
    now: float,
    what: str,
    *,
    actor: str = "",
    note: str = "",
    action_id: int | None = None,
    hold: Hold | None = None,
    parameters: Parameters | None = None,
) -> None:
    """Writes down one event."""
    connection.execute(
        insert(EVENTS).values(
            at=now,
            what=what,
            actor=actor,
            note=note,
            action_id=action_id,
            hold=hold,
            parameters=written(parameters),
        )
    )
