"""What is told of remediation, by the API and the command line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from exporter.expose.action_shapes import (
    ActionDocument,
    ActionRecordDocument,
    ActionsDocument,
    AttemptDocument,
    EventDocument,
    ExplainedDocument,
    ExplanationDocument,
    GateDocument,
    ObstacleDocument,
    TriggerDocument,
)
from exporter.expose.instants import rfc3339
from exporter.model.accounts import GateView
from exporter.model.action import Action, ActionRecord, Event, Mode
from exporter.model.explanation import Explanation
from exporter.model.holds import EXITS


def action_document(action: Action, *, people: bool = True) -> ActionDocument:
    """One action; without `people` it does not say who asked and in what words: viewers need not know."""
    parameters = action.parameters
    return ActionDocument(
        id=action.id,
        organization_id=action.organization_id,
        kind=action.kind,
        state=action.state,
        hold=action.hold,
        hold_ends=None if action.hold is None else EXITS[action.hold],
        would=action.would,
        source=action.source,
        issue=action.issue,
        sync_types=() if parameters is None else parameters.sync_types,
        record_ids=() if parameters is None else parameters.record_ids,
        since=None if parameters is None else rfc3339(parameters.since),
        actor=(action.actor or None) if people else None,
        note=(action.note or None) if people else None,
        approved_by=action.approved_by if people else None,
        created_at=rfc3339(action.created_at),
        changed_at=rfc3339(action.changed_at),
        expires_at=rfc3339(action.expires_at),
        called_at=rfc3339(action.called_at),
        verify_by=rfc3339(action.verify_by),
    )


def actions_document(actions: Sequence[Action], limit: int, *, people: bool = True) -> ActionsDocument:
    """A page.

    Args:
        actions: the newest first, at most one more than the page holds.
        limit: how many it holds.
        people: whether it says who asked, and in what words.
    """
    shown = actions[:limit]
    return ActionsDocument(
        actions=tuple(action_document(one, people=people) for one in shown),
        next=shown[-1].id if len(actions) > limit else None,
    )


def record_document(record: ActionRecord, *, people: bool = True) -> ActionRecordDocument:
    """All of one action; without `people` nobody's name or words."""
    return ActionRecordDocument(
        **dict(action_document(record.action, people=people)),
        triggers=tuple(
            TriggerDocument(
                source=one.source,
                alertname=one.alertname or None,
                issue=one.issue,
                received_at=rfc3339(one.received_at),
                last_at=rfc3339(one.last_at),
                deliveries=one.deliveries,
                resolved=one.resolved,
            )
            for one in record.triggers
        ),
        attempts=tuple(
            AttemptDocument(
                claimed_at=rfc3339(one.claimed_at),
                ended_at=rfc3339(one.ended_at),
                outcome=one.outcome,
                sent=one.sent,
                http_status=one.http_status,
                hold=one.hold,
                rehearsal=one.rehearsal,
                idempotency_key=one.idempotency_key,
            )
            for one in record.attempts
        ),
        events=tuple(event_document(one, people=people) for one in record.events),
    )


def event_document(one: Event, *, people: bool = True) -> EventDocument:
    """One thing that was written down; without `people` nobody's name or words."""
    return EventDocument(
        at=rfc3339(one.at),
        what=one.what,
        actor=(one.actor or None) if people else None,
        hold=one.hold,
        # Of an event without an actor the note is a word of ours.
        note=(one.note or None) if people or not one.actor else None,
    )


def gate_document(gate: GateView, mode: Mode, now: float, *, people: bool = True) -> GateDocument:
    """What holds everybody; without `people` not who paused, and in what words."""
    return GateDocument(
        mode=gate.mode_in_force(mode, now),
        configured_mode=mode,
        obeyed=gate.obeyed(now),
        heartbeat_at=rfc3339(gate.heartbeat_at),
        paused_at=rfc3339(gate.paused_at),
        paused_by=(gate.paused_by or None) if people else None,
        paused_note=(gate.paused_note or None) if people else None,
        credential_refused_at=rfc3339(gate.credential_refused_at),
        storm_seen_at=rfc3339(gate.storm_seen_at),
        breaker_opened_at=rfc3339(gate.breaker_opened_at),
        bad_in_row=gate.bad_in_row,
    )


def explained_document(
    organization_id: str,
    explanations: Sequence[Explanation],
    unfinished: Sequence[Action],
    gate: GateDocument,
    *,
    people: bool = True,
    known: bool = True,
) -> ExplainedDocument:
    """What would be done for an organisation now; not `known`: of it no fresh status is there to judge by."""
    documents = tuple(explanation_document(one) for one in explanations if one.over is None)
    return ExplainedDocument(
        organization_id=organization_id,
        summary=_summary(documents, gate) if known or documents else _UNREADABLE,
        gate=gate,
        explanations=documents,
        unfinished=tuple(action_document(one, people=people) for one in unfinished),
    )


_UNREADABLE: Final = (
    "It is not known whether anything is wrong: there is no fresh status. What asks now is held by unreadable."
)


def explanation_document(one: Explanation) -> ExplanationDocument:
    """What would come of asking now."""
    parameters = one.parameters
    return ExplanationDocument(
        issue=one.issue,
        kind=one.kind,
        sync_types=() if parameters is None else parameters.sync_types,
        record_ids=() if parameters is None else parameters.record_ids,
        since=None if parameters is None else rfc3339(parameters.since),
        would_call=parameters is not None and not one.obstacles,
        obstacles=tuple(
            ObstacleDocument(hold=held.hold, ends=EXITS[held.hold], until=rfc3339(held.until)) for held in one.obstacles
        ),
    )


def _summary(explanations: Sequence[ExplanationDocument], gate: GateDocument) -> str:
    if not explanations:
        return "Nothing is wrong that an action could be asked for."
    if not gate.obeyed:
        return "Nothing would be done: no running exporter acts on this ledger."
    calls = [one for one in explanations if one.would_call]
    if calls:
        return f"An alert that asks now gets a {calls[0].kind} of {', '.join(calls[0].sync_types)}."
    holds = dict.fromkeys(str(held.hold) for one in explanations for held in one.obstacles)
    return f"Nothing would be sent; it would be held by {', '.join(holds)}."
