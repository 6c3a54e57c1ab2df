"""What is written without anybody asking: the heartbeat, ends of episodes, released credentials, what is too old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, or_, select, update

from exporter.model.action import UNFINISHED, UNSTARTED, Mode, TriggerState
from exporter.model.limits import EPISODE_ENDS
from exporter.model.words import Issue
from exporter.remediation.ledger.changing import record
from exporter.remediation.ledger.rows import Row, known
from exporter.remediation.ledger.tables import ACTIONS, ATTEMPTS, EPISODES, EVENTS, GATE, TRIGGERS


class Episode(NamedTuple):
    """Attempts for one issue of one organisation are counted in this."""

    id: int
    organization_id: str
    issue: Issue
    absent_since: float | None


def beat(connection: Connection, mode: Mode, pid: int, now: float) -> None:
    """Says that an executor obeys the gate."""
    connection.execute(update(GATE).values(heartbeat_at=now, heartbeat_mode=mode, heartbeat_pid=pid))


def silence(connection: Connection, pid: int) -> None:
    """Says that this executor obeys no more: it ends."""
    connection.execute(update(GATE).where(GATE.c.heartbeat_pid == pid).values(heartbeat_at=None))


def release_credential(connection: Connection, mark: str, now: float) -> bool:
    """Ends the hold for a refused credential when another token is there; returns whether there was one."""
    released = connection.execute(
        update(GATE)
        .where(GATE.c.credential_refused_at.is_not(None), GATE.c.credential_mark != mark)
        .values(credential_refused_at=None, credential_mark="")
    )
    if not released.rowcount:
        return False
    connection.execute(
        update(ACTIONS).where(ACTIONS.c.state.in_(UNSTARTED), ACTIONS.c.look_at > now).values(look_at=now)
    )
    record(connection, now, "credential_changed")
    return True


def calm(connection: Connection, after: float, now: float) -> bool:
    """Notes the end of a storm that was last seen so long ago; returns whether one ended."""
    ended = connection.execute(
        update(GATE)
        .where(GATE.c.storm_seen_at.is_not(None), GATE.c.storm_seen_at < now - after)
        .values(storm_seen_at=None)
    )
    if ended.rowcount:
        record(connection, now, "storm_ended")
    return bool(ended.rowcount)


def open_episodes(connection: Connection) -> Sequence[Episode]:
    """Every episode that has not ended."""
    columns = EPISODES.c
    wanted = select(columns.id, columns.organization_id, columns.issue, columns.absent_since)
    rows = connection.execute(wanted.where(columns.ended_at.is_(None))).mappings()
    return [_episode_of(row) for row in rows]


@known
def _episode_of(row: Row) -> Episode:
    return Episode(row["id"], row["organization_id"], Issue(row["issue"]), row["absent_since"])


def seen(connection: Connection, present: Mapping[int, bool], now: float) -> None:
    """Notes of episodes whether their issue is there now; one that was absent for `EPISODE_ENDS` ends.

    Nothing is noted of those that nobody can see now: not seeing an issue is not its absence.
    """
    there = [number for number, is_there in present.items() if is_there]
    absent = [number for number, is_there in present.items() if not is_there]
    columns = EPISODES.c
    connection.execute(update(EPISODES).where(columns.id.in_(there)).values(absent_since=None))
    connection.execute(
        update(EPISODES)
        .where(columns.id.in_(absent), or_(columns.absent_since.is_(None), columns.absent_since > now))
        .values(absent_since=now)
    )
    connection.execute(
        update(EPISODES).where(columns.id.in_(absent), columns.absent_since <= now - EPISODE_ENDS).values(ended_at=now)
    )


def forget(connection: Connection, before: float) -> int:
    """Removes what ended before that instant; returns how many actions went.

    What is unfinished stays, however old, and so does what counts in an episode that has not ended.
    """
    counts = select(ATTEMPTS.c.action_id).join(EPISODES).where(EPISODES.c.ended_at.is_(None))
    old = and_(ACTIONS.c.changed_at < before, ACTIONS.c.state.not_in(UNFINISHED), ACTIONS.c.id.not_in(counts))
    theirs = select(ACTIONS.c.id).where(old)
    connection.execute(delete(TRIGGERS).where(TRIGGERS.c.action_id.in_(theirs), TRIGGERS.c.last_at < before))
    connection.execute(update(TRIGGERS).where(TRIGGERS.c.action_id.in_(theirs)).values(action_id=None))
    connection.execute(delete(EVENTS).where(EVENTS.c.action_id.in_(theirs)))
    connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.action_id.in_(theirs)))
    gone = connection.execute(delete(ACTIONS).where(old)).rowcount
    connection.execute(
        delete(TRIGGERS).where(
            TRIGGERS.c.action_id.is_(None), TRIGGERS.c.state != TriggerState.TRIGGERED, TRIGGERS.c.last_at < before
        )
    )
    connection.execute(delete(EVENTS).where(EVENTS.c.action_id.is_(None), EVENTS.c.at < before))
    used = select(ATTEMPTS.c.episode_id).where(ATTEMPTS.c.episode_id.is_not(None))
    connection.execute(delete(EPISODES).where(EPISODES.c.ended_at < before, EPISODES.c.id.not_in(used)))
    return gone
