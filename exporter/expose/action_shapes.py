"""The shapes of what is told of remediation. Notes are the words of operators; nothing else in them is free text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exporter.expose.shape import Document, Instant
from exporter.model.action import ActionKind, ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.holds import Hold
from exporter.model.words import Issue, Sent, SyncType


class ActionDocument(Document):
    """One retry or resync, from plan to verified outcome."""

    id: int = Field(description="what people approve and ask about")
    organization_id: str = Field(description="for whom")
    kind: ActionKind = Field(description="what the platform is asked for")
    state: ActionState = Field(description="where it stands")
    hold: Hold | None = Field(description="why it is not done now")
    hold_ends: str | None = Field(description="how that hold ends, a sentence")
    would: Hold | Literal["call"] | None = Field(description="in a dry run, what would have come of it")
    source: TriggerSource = Field(description="what asked first")
    issue: Issue | None = Field(description="what it is to mend; null when a person named none")
    sync_types: tuple[SyncType, ...] = Field(description="what the call carries; empty while none was thought out")
    record_ids: tuple[str, ...] = Field(description="of a retry")
    since: Instant | None = Field(description="of a resync")
    actor: str | None = Field(description="the person who asked")
    note: str | None = Field(description="in that person's words")
    approved_by: str | None = Field(description="who approved it")
    created_at: Instant | None = Field(description="when it was planned")
    changed_at: Instant | None = Field(description="when its state last changed")
    expires_at: Instant | None = Field(description="when it expires, if it has not started")
    called_at: Instant | None = Field(description="when its last call was committed")
    verify_by: Instant | None = Field(description="until when that may take effect")


class AttemptDocument(Document):
    """One HTTP call of an action, or what was one but for the call."""

    claimed_at: Instant | None = Field(description="when it was written down, before the call")
    ended_at: Instant | None = Field(description="when its outcome was")
    outcome: AttemptOutcome = Field(description="how it ended")
    sent: Sent | None = Field(description="whether the platform can have received it; null when no call was made")
    http_status: int | None = Field(description="of the answer")
    hold: Hold | None = Field(description="why it was not called")
    rehearsal: bool = Field(description="whether it was a dry run")
    idempotency_key: str = Field(description="what the call carried as Idempotency-Key")


class EventDocument(Document):
    """One thing that was written down."""

    at: Instant | None = Field(description="when")
    what: str = Field(description="a state, or what happened")
    actor: str | None = Field(description="the person behind it; null for the exporter itself")
    hold: Hold | None = Field(description="the hold that came with it")
    note: str | None = Field(description="a person's words, or a word of ours")


class TriggerDocument(Document):
    """What asked for an action."""

    source: TriggerSource = Field(description="what it is")
    alertname: str | None = Field(description="of an alert")
    issue: Issue | None = Field(description="what it is about")
    received_at: Instant | None = Field(description="the first delivery")
    last_at: Instant | None = Field(description="the last one")
    deliveries: int = Field(description="how many there were")
    resolved: bool = Field(description="whether the alert is over")


class ActionRecordDocument(ActionDocument):
    """All that the ledger has of one action, each list oldest first."""

    triggers: tuple[TriggerDocument, ...]
    attempts: tuple[AttemptDocument, ...]
    events: tuple[EventDocument, ...]


class ActionsDocument(Document):
    """One page of actions, the newest first."""

    actions: tuple[ActionDocument, ...] = Field(description="those of this page")
    next: int | None = Field(description="`before` of the following page; null on the last one")


class GateDocument(Document):
    """What holds everybody, and whether anybody obeys."""

    mode: Mode = Field(description="`remediation.mode` of the exporter that acts; while none does, of who answers")
    configured_mode: Mode = Field(description="`remediation.mode` of who answers")
    obeyed: bool = Field(description="whether an exporter runs that acts on this ledger and obeys this")
    heartbeat_at: Instant | None = Field(description="when that one last said so")
    paused_at: Instant | None = Field(description="since when it is paused; null while it is not")
    paused_by: str | None = Field(description="by whom")
    paused_note: str | None = Field(description="in whose words")
    credential_refused_at: Instant | None = Field(description="when the platform refused the token for actions")
    storm_seen_at: Instant | None = Field(description="when a storm was last seen; null once it was calm")
    breaker_opened_at: Instant | None = Field(description="since when the breaker is open")
    bad_in_row: int = Field(description="actions in a row that did not help")


class ObstacleDocument(Document):
    """One hold that stands in the way."""

    hold: Hold = Field(description="which")
    ends: str = Field(description="how it ends, a sentence")
    until: Instant | None = Field(description="when it is judged again at the latest")


class ExplanationDocument(Document):
    """What would come of asking now."""

    issue: Issue | None = Field(description="what it would mend; null for a request of a person")
    kind: ActionKind = Field(description="what it would be")
    sync_types: tuple[SyncType, ...] = Field(description="what the call would carry; empty while none could help")
    record_ids: tuple[str, ...] = Field(description="of a retry")
    since: Instant | None = Field(description="of a resync")
    would_call: bool = Field(description="whether the platform would be called now")
    obstacles: tuple[ObstacleDocument, ...] = Field(description="every hold in the way, in the order of the gates")


class ExplainedDocument(Document):
    """What would be done for an organisation now, or which holds stand."""

    organization_id: str = Field(description="for whom")
    summary: str = Field(description="all of it in a sentence")
    gate: GateDocument
    explanations: tuple[ExplanationDocument, ...] = Field(description="one for each issue; empty: nothing is wrong")
    unfinished: tuple[ActionDocument, ...] = Field(description="actions that are under way or held")
