"""The words of remediation as frozen types: what asks for an action, the action, its attempts, what is written of it.

An action lives like this; each arrow is one event in the ledger::

    planned -> [awaiting_approval] -> started -> accepted -> verified
       |               |                |           |------> ineffective, exhausted
       |<-- held ----->|                |-> unknown -|
       |                                |-> failed, exhausted      the platform refused it
       |-> cancelled (healthy again, or rejected), expired         nothing was sent
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from exporter.model.holds import Hold
from exporter.model.words import Issue, Sent, SyncType


class Mode(StrEnum):
    """What may be done without a person."""

    OFF = "off"
    """Nothing; requests are recorded."""
    DRY_RUN = "dry_run"
    """Nothing is sent; what would be sent is recorded."""
    APPROVE = "approve"
    """What a person asked for or approved."""
    AUTO = "auto"
    """What policy and gates let pass, for the organisations that are included."""


class ActionKind(StrEnum):
    """What the platform can be asked to do."""

    RETRY = "retry"
    """Sync some records again, by their ids."""
    RESYNC = "resync"
    """Sync everything of some types again that changed since an instant."""


class TriggerSource(StrEnum):
    """What asks for an action."""

    ALERT = "alert"
    PERSON = "person"
    RECONNECT = "reconnect"


class TriggerState(StrEnum):
    """What became of a trigger."""

    TRIGGERED = "triggered"
    """It is recorded, and not judged yet."""
    PLANNED = "planned"
    """There is an action for it, its own or one that was there."""
    DISMISSED = "dismissed"
    """Nothing was wrong (any more) when it was judged, or the alert was resolved before."""


class ActionState(StrEnum):
    """Where an action stands."""

    PLANNED = "planned"
    """Its turn has not come."""
    AWAITING_APPROVAL = "awaiting_approval"
    """A person has to say yes."""
    HELD = "held"
    """It is not done now; the hold says why."""
    STARTED = "started"
    """An attempt is committed: its call may go out at any moment, or may have gone out."""
    ACCEPTED = "accepted"
    """The platform said yes; later readings will tell whether it helped."""
    UNKNOWN = "unknown"
    """The call may have been received. It is never sent again; later readings will tell."""
    VERIFIED = "verified"
    """It helped: fewer failures, and a sync after the call."""
    INEFFECTIVE = "ineffective"
    """It did not help within the time that it had."""
    FAILED = "failed"
    """The platform refused it."""
    CANCELLED = "cancelled"
    """It was no longer needed, or a person rejected it; nothing was sent."""
    EXPIRED = "expired"
    """It did not start in time; nothing was sent."""
    EXHAUSTED = "exhausted"
    """It did not help, and it was the last attempt that its episode may have: a person has to look."""


UNSTARTED: Final = (ActionState.PLANNED, ActionState.AWAITING_APPROVAL, ActionState.HELD)
"""No call was made, or only calls that did not get through."""

WATCHED: Final = (ActionState.ACCEPTED, ActionState.UNKNOWN)
"""A call was made, and readings will tell what came of it."""

UNFINISHED: Final = (*UNSTARTED, ActionState.STARTED, *WATCHED)
"""At most one such action per organisation and kind: the database sees to it."""


class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    STARTED = "started"
    """It has not: it is under way, or a crash cut it off."""
    ACCEPTED = "accepted"
    """Any 2xx."""
    REFUSED = "refused"
    """Any 3xx or 4xx but 429; redirects are not followed."""
    RATE_LIMITED = "rate_limited"
    """429."""
    NOT_SENT = "not_sent"
    """No connection could be made."""
    UNKNOWN = "unknown"
    """A timeout, a reset, a 5xx, a crash: the platform may have received it."""
    NOT_CALLED = "not_called"
    """Held or cancelled after the claim, by the fresh reading. Counts for the cooldown, not for budgets."""
    REHEARSED = "rehearsed"
    """A dry run: everything but the call."""


class Effect(StrEnum):
    """What readings after a call say of it."""

    VERIFIED = "verified"
    INEFFECTIVE = "ineffective"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a call carries.

    Attributes:
        sync_types: the platform's words: one for a retry, at least one for a resync.
        record_ids: of a retry, at least one; empty for a resync.
        since: of a resync, seconds since 1970 UTC; None for a retry.
    """

    sync_types: tuple[SyncType, ...]
    record_ids: tuple[str, ...] = ()
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as the ledger has it.

    Attributes:
        id: the ledger's number.
        source: what asks.
        organization_id: for whom.
        issue: what for; None when no issue was named.
        state: what became of it.
        since: of a reconnect, when the connection broke.
        alertname: of an alert.
        received_at: the first delivery, seconds since 1970 UTC.
        last_at: the last delivery.
        deliveries: how many there were.
        resolved: whether the alert is over.
        action_id: the action that it led to, or joined.
    """

    id: int
    source: TriggerSource
    organization_id: str
    issue: Issue | None
    state: TriggerState
    received_at: float
    last_at: float
    deliveries: int = 1
    resolved: bool = False
    since: float | None = None
    alertname: str = ""
    action_id: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One retry or resync, from plan to verified outcome. All instants are seconds since 1970 UTC.

    Attributes:
        id: the ledger's number; what people approve and ask about.
        organization_id: for whom.
        kind: what.
        state: where it stands.
        parameters: what the call carries, by the last judgement; None while no call was thought out.
        source: what asked first.
        issue: what it is to mend; None when a person named none.
        since: of a reconnect, when the connection broke; None otherwise.
        back_off_until: until when the platform, or a connection that failed, makes it wait; None when neither does.
        hold: why it is not done now; None while nothing holds it.
        would: in a dry run, what would have come of it: the call, or a hold.
        actor: the person who asked; empty when none did.
        note: that person's words.
        approved_by: who approved it; None when nobody did.
        created_at: when it was planned.
        changed_at: when its state last changed.
        look_at: when it is judged next, at the latest.
        expires_at: when it expires, if it has not started.
        called_at: when its last call was committed; None before.
        verify_by: until when it may take effect; None before a call.
        failed_before: failed syncs by the reading before the call; None when that did not say.
        version: grows with each change; a change of an older version is refused.
    """

    id: int
    organization_id: str
    kind: ActionKind
    state: ActionState
    parameters: Parameters | None
    source: TriggerSource
    issue: Issue | None
    created_at: float
    changed_at: float
    look_at: float
    expires_at: float
    since: float | None = None
    back_off_until: float | None = None
    hold: Hold | None = None
    would: Hold | Literal["call"] | None = None
    actor: str = ""
    note: str = ""
    approved_by: str | None = None
    called_at: float | None = None
    verify_by: float | None = None
    failed_before: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP call of an action, or what was one but for the call. Written before the call.

    Attributes:
        id: the ledger's number.
        action_id: of which action.
        claimed_at: when it was committed, seconds since 1970 UTC.
        outcome: how it ended.
        idempotency_key: what the call carried as ``Idempotency-Key``.
        parameters: what the call carried.
        ended_at: when the outcome was recorded; None while there is none.
        sent: whether the platform can have received it; None when no call was made.
        http_status: of the answer; None when there was none.
        hold: why it was not called.
        rehearsal: whether it was a dry run.
    """

    id: int
    action_id: int
    claimed_at: float
    outcome: AttemptOutcome
    idempotency_key: str
    parameters: Parameters
    ended_at: float | None = None
    sent: Sent | None = None
    http_status: int | None = None
    hold: Hold | None = None
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was written down; never changed afterwards.

    Attributes:
        id: the ledger's number; grows.
        at: when, seconds since 1970 UTC.
        what: a state of an action, or of the gate: paused, resumed, credential_refused, credential_changed,
            storm_began, storm_ended, breaker_opened, breaker_closed, recovered, clock_set_back.
        actor: the person behind it; empty for the exporter itself.
        action_id: of which action; None for the gate.
        hold: the hold that came with it.
        note: a person's words, or a word of ours such as ``healthy_again``.
    """

    id: int
    at: float
    what: str
    actor: str = ""
    action_id: int | None = None
    hold: Hold | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """All that the ledger has of one action, each list oldest first."""

    action: Action
    triggers: tuple[Trigger, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()
