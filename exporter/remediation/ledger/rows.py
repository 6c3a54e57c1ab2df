"""Rows of the tables <-> the types of the program."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import RowMapping

from exporter.errors import LedgerError
from exporter.model.accounts import GateView
from exporter.model.action import (
    Action,
    ActionKind,
    ActionState,
    Attempt,
    AttemptOutcome,
    Event,
    Mode,
    Parameters,
    Trigger,
    TriggerSource,
    TriggerState,
)
from exporter.model.holds import Hold
from exporter.model.words import Issue, Sent, SyncType

Row: TypeAlias = "RowMapping | dict[str, Any]"

_ODD: Final = (
    "ledger.url: a row in it has a word that this program does not know; use the program that wrote it, or bring back "
    "a copy"
)

_HOLDS: Final = frozenset(Hold)

CALL: Final = "call"
"""What would have come of a rehearsal that no gate held."""


_T = TypeVar("_T")


def known(read: Callable[[Row], _T]) -> Callable[[Row], _T]:
    """Has `read` find a row that this program cannot read to be trouble with the ledger: LedgerError, as any other."""

    @functools.wraps(read)
    def reads(row: Row) -> _T:
        try:
            return read(row)
        except (ValueError, KeyError, TypeError):
            raise LedgerError(_ODD) from None

    return reads


def written(parameters: Parameters | None) -> str | None:
    """Parameters as the ledger keeps them."""
    if parameters is None:
        return None
    return json.dumps(
        {
            "sync_types": list(parameters.sync_types),
            "record_ids": list(parameters.record_ids),
            "since": parameters.since,
        }
    )


def parameters_of(text: str) -> Parameters:
    """What `written` wrote."""
    found = json.loads(text)
    return Parameters(tuple(map(SyncType, found["sync_types"])), tuple(found["record_ids"]), found["since"])


@known
def action_of(row: Row) -> Action:
    """A row of `actions`."""
    would = row["would"]
    return Action(
        id=row["id"],
        organization_id=row["organization_id"],
        kind=ActionKind(row["kind"]),
        state=ActionState(row["state"]),
        parameters=None if row["parameters"] is None else parameters_of(row["parameters"]),
        source=TriggerSource(row["source"]),
        issue=None if row["issue"] is None else Issue(row["issue"]),
        since=row["since"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        look_at=row["look_at"],
        expires_at=row["expires_at"],
        back_off_until=row["back_off_until"],
        hold=_hold(row["hold"]),
        would=CALL if would == CALL else _hold(would),
        actor=row["actor"],
        note=row["note"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        called_at=row["called_at"],
        verify_by=row["verify_by"],
        failed_before=row["failed_before"],
        version=row["version"],
    )


@known
def trigger_of(row: Row) -> Trigger:
    """A row of `triggers`."""
    return Trigger(
        id=row["id"],
        source=TriggerSource(row["source"]),
        organization_id=row["organization_id"],
        issue=None if row["issue"] is None else Issue(row["issue"]),
        state=TriggerState(row["state"]),
        received_at=row["received_at"],
        last_at=row["last_at"],
        deliveries=row["deliveries"],
        resolved=row["resolved"],
        since=row["since"],
        alertname=row["alertname"],
        action_id=row["action_id"],
    )


@known
def attempt_of(row: Row) -> Attempt:
    """A row of `attempts`."""
    return Attempt(
        id=row["id"],
        action_id=row["action_id"],
        claimed_at=row["claimed_at"],
        outcome=AttemptOutcome(row["outcome"]),
        idempotency_key=row["idempotency_key"],
        parameters=parameters_of(row["parameters"]),
        ended_at=row["ended_at"],
        sent=None if row["sent"] is None else Sent(row["sent"]),
        http_status=row["http_status"],
        hold=_hold(row["hold"]),
        rehearsal=row["rehearsal"],
    )


@known
def event_of(row: Row) -> Event:
    """A row of `events`."""
    return Event(
        id=row["id"],
        at=row["at"],
        what=row["what"],
        actor=row["actor"],
        action_id=row["action_id"],
        hold=_hold(row["hold"]),
        note=row["note"],
        parameters=None if row["parameters"] is None else parameters_of(row["parameters"]),
    )


@known
def gate_of(row: Row) -> GateView:
    """The row of `gate`."""
    mode = row["heartbeat_mode"]
    return GateView(
        created_at=row["created_at"],
        paused_at=row["paused_at"],
        paused_by=row["paused_by"],
        paused_note=row["paused_note"],
        credential_refused_at=row["credential_refused_at"],
        storm_seen_at=row["storm_seen_at"],
        bad_in_row=row["bad_in_row"],
        breaker_opened_at=row["breaker_opened_at"],
        breaker_pause=row["breaker_pause"],
        heartbeat_at=row["heartbeat_at"],
        heartbeat_mode=None if mode is None else Mode(mode),
        heartbeat_pid=row["heartbeat_pid"],
    )


def _hold(word: str | None) -> Hold | None:
    # Nothing is decided by a hold that is written: the next look judges afresh, and writes a word that is known.
    return Hold(word) if word in _HOLDS else None
