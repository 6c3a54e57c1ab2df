"""The tables, in SQL that SQLite and PostgreSQL share; what must never happen is forbidden by unique indexes.

- `one_unfinished`: at most one unfinished action per organisation and kind.
- `one_call`: at most one attempt under way, rehearsals apart.
- `one_trigger`: a delivery that comes again is the same trigger.
- `one_episode`: attempts for one issue are counted in one place.

Instants are seconds since 1970 UTC, handed in by whoever writes. Words are those of `model.action`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from exporter.model.action import UNFINISHED, ActionKind, ActionState, AttemptOutcome, TriggerSource, TriggerState

SCHEMA_VERSION: Final = 1
"""What this program reads and writes; a ledger of a later one is refused. Grows with each new word of a column, too."""

METADATA: Final = MetaData()

SCHEMA: Final = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

GATE: Final = Table(
    "gate",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("created_at", Float, nullable=False),
    Column("paused_at", Float),
    Column("paused_by", String(128), nullable=False, default=""),
    Column("paused_note", Text, nullable=False, default=""),
    Column("credential_refused_at", Float),
    Column("credential_mark", String(256), nullable=False, default=""),
    Column("storm_seen_at", Float),
    Column("bad_in_row", Integer, nullable=False, default=0),
    Column("breaker_opened_at", Float),
    Column("breaker_pause", Float),
    Column("breaker_trial", Integer),
    Column("heartbeat_at", Float),
    Column("heartbeat_mode", String(16)),
    Column("heartbeat_pid", Integer),
)
"""One row: what holds everybody. Locked first by every claim."""


def _one_of(column: str, words: Iterable[str]) -> str:
    quoted = ", ".join(repr(str(word)) for word in words)
    return f"{column} IN ({quoted})"


_UNFINISHED: Final = _one_of("state", UNFINISHED)

ACTIONS: Final = Table(
    "actions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("organization_id", String(128), nullable=False),
    Column("kind", String(16), CheckConstraint(_one_of("kind", ActionKind)), nullable=False),
    Column("state", String(32), CheckConstraint(_one_of("state", ActionState)), nullable=False),
    Column("source", String(16), CheckConstraint(_one_of("source", TriggerSource)), nullable=False),
    Column("issue", String(64)),
    Column("parameters", Text),
    Column("since", Float),
    Column("hold", String(64)),
    Column("would", String(64)),
    Column("actor", String(128), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("approved_by", String(128)),
    Column("approved_at", Float),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("look_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("back_off_until", Float),
    Column("back_offs", Integer, nullable=False, default=0),
    Column("called_at", Float),
    Column("verify_by", Float),
    Column("failed_before", Integer),
    Column("version", Integer, nullable=False, default=0),
    sqlite_autoincrement=True,  # an id is what a person approves: it must never come back after a deletion
)
Index(
    "one_unfinished",
    ACTIONS.c.organization_id,
    ACTIONS.c.kind,
    unique=True,
    sqlite_where=text(_UNFINISHED),
    postgresql_where=text(_UNFINISHED),
)
Index("actions_by_look", ACTIONS.c.state, ACTIONS.c.look_at)
Index("actions_by_organization", ACTIONS.c.organization_id)

TRIGGERS: Final = Table(
    "triggers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("source", String(16), CheckConstraint(_one_of("source", TriggerSource)), nullable=False),
    Column("key", String(400), nullable=False),
    Column("organization_id", String(128), nullable=False),
    Column("issue", String(64)),
    Column("since", Float),
    Column("alertname", String(128), nullable=False, default=""),
    Column("state", String(16), CheckConstraint(_one_of("state", TriggerState)), nullable=False),
    Column("received_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("deliveries", Integer, nullable=False, default=1),
    Column("resolved", Boolean, nullable=False, default=False),
    Column("resolved_at", Float),
    Column("quiet_until", Float),
    Column("action_id", Integer, ForeignKey("actions.id", ondelete="SET NULL")),
    Column("traceparent", String(55), nullable=False, default=""),
    UniqueConstraint("source", "key", name="one_trigger"),
)
Index("triggers_by_state", TRIGGERS.c.state, TRIGGERS.c.id)
Index("triggers_by_action", TRIGGERS.c.action_id)

EPISODES: Final = Table(
    "episodes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("organization_id", String(128), nullable=False),
    Column("issue", String(64), nullable=False),
    Column("began_at", Float, nullable=False),
    Column("absent_since", Float),
    Column("ended_at", Float),
)
Index(
    "one_episode",
    EPISODES.c.organization_id,
    EPISODES.c.issue,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

ATTEMPTS: Final = Table(
    "attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("action_id", Integer, ForeignKey("actions.id", ondelete="CASCADE"), nullable=False),
    Column("organization_id", String(128), nullable=False),
    Column("episode_id", Integer, ForeignKey("episodes.id", ondelete="SET NULL")),
    Column("rehearsal", Boolean, nullable=False),
    Column("idempotency_key", String(64), nullable=False, unique=True),
    Column("parameters", Text, nullable=False),
    Column("claimed_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String(16), CheckConstraint(_one_of("outcome", AttemptOutcome)), nullable=False),
    Column("sent", String(8)),
    Column("http_status", Integer),
    Column("hold", String(64)),
)
Index(
    "one_call",
    ATTEMPTS.c.rehearsal,
    unique=True,
    sqlite_where=text("outcome = 'started'"),
    postgresql_where=text("outcome = 'started'"),
)
Index("attempts_by_claim", ATTEMPTS.c.claimed_at)
Index("attempts_by_organization", ATTEMPTS.c.organization_id, ATTEMPTS.c.claimed_at)
Index("attempts_by_action", ATTEMPTS.c.action_id)
Index("attempts_by_episode", ATTEMPTS.c.episode_id)

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String(32), nullable=False),
    Column("actor", String(128), nullable=False, default=""),
    Column("action_id", Integer, ForeignKey("actions.id", ondelete="CASCADE")),
    Column("hold", String(64)),
    Column("note", Text, nullable=False, default=""),
    Column("parameters", Text),
)
Index("events_by_action", EVENTS.c.action_id)
Index("events_by_time", EVENTS.c.at)

REQUESTS: Final = Table(
    "requests",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("content", String(64), nullable=False),
    Column("action_id", Integer, nullable=False),
    Column("at", Float, nullable=False),
)
"""Requests of people by their `Idempotency-Key`; `action_id` is 0 where none came of it."""
