"""Remediation on a terminal: the plan of a request, the list of actions, one action, why nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from exporter.cli.terminal import Page, since
from exporter.expose.action_shapes import (
    ActionDocument,
    ActionRecordDocument,
    ActionsDocument,
    ExplainedDocument,
    ExplanationDocument,
    GateDocument,
)
from exporter.expose.counted import counted
from exporter.model.accounts import GateView
from exporter.model.action import ActionKind, Mode, Parameters

if TYPE_CHECKING:
    from exporter.config.schema import Config


def plan_lines(
    settings: Config, organization_id: str, kind: ActionKind, parameters: Parameters, *, gate: GateView, now: float
) -> Iterator[str]:
    """What a request would send, and what is known now to hold it."""
    from exporter.upstream.remedies import body_of

    paths = settings.platform.paths
    path = (paths.retry if kind is ActionKind.RETRY else paths.resync).replace("{organization_id}", organization_id)
    yield f"would send  POST {settings.platform.url.rstrip('/')}{path}"
    yield f"with        {body_of(kind, parameters).decode()}"
    ours = settings.remediation.mode
    mode = gate.mode_in_force(ours, now)
    if mode is not ours:
        yield f"as          the running exporter has mode {mode}, whatever this configuration says: {ours}"
    if mode in {Mode.OFF, Mode.DRY_RUN}:
        yield f"but         remediation.mode is {mode}: it is recorded, and nothing is sent while that is so"
    if gate.paused_at is not None:
        yield "but         remediation is paused: it waits until somebody resumes"
    if gate.credential_refused_at is not None:
        yield "but         the platform refused the token for actions: it waits for another token, or for a resume"
    if gate.breaker_opened_at is not None:
        yield "but         the breaker is open, as several actions in a row did not help: it waits"
    if not gate.obeyed(now):
        yield "but         no running exporter acts on this ledger now: it waits until one does"
    yield "first       the exporter reads the organisation afresh and judges: `remediate show` tells what holds it"


def show_actions(document: ActionsDocument, gate: GateDocument, now: float, page: Page | None = None) -> None:
    """Writes the list."""
    page = page or Page()
    _gate(gate, now, page)
    page.heading("Actions, the newest first")
    for one in document.actions:
        page.say(_line(one, now), indent=8, first=f"  {one.id}")
    if not document.actions:
        page.say("None.")
    if document.next is not None:
        page.say("and more: ask for one organisation or state")


def show_record(document: ActionRecordDocument, now: float, page: Page | None = None) -> None:
    """Writes one action."""
    page = page or Page()
    page.title(f"action {document.id}: {_line(document, now)}", "bold")
    if document.hold_ends is not None:
        page.fact("it ends", document.hold_ends)
    page.fact("carries", _carries(document))
    page.fact("asked by", f"{document.source}{f' {document.actor}' if document.actor else ''}")
    if document.note:
        page.fact("note", document.note)
    page.fact("approved by", document.approved_by or "nobody")
    for trigger in document.triggers:
        page.fact(
            "trigger",
            f"{trigger.alertname or trigger.source}, {trigger.deliveries} x, last {since(trigger.last_at, now)}",
        )
    page.heading("Attempts")
    for attempt in document.attempts:
        answer = f", HTTP {attempt.http_status}" if attempt.http_status is not None else ""
        held = f", held: {attempt.hold}" if attempt.hold is not None else ""
        page.say(
            f"{since(attempt.claimed_at, now)}: {attempt.outcome}{answer}{held}, sent: {attempt.sent or 'no call'}"
        )
    if not document.attempts:
        page.say("None: nothing was sent.")
    page.heading("Events")
    for event in document.events:
        more = [str(one) for one in (event.hold, event.actor, event.note) if one]
        told = f" ({', '.join(more)})" if more else ""
        page.say(f"{since(event.at, now)}: {event.what}{told}")


def show_explained(document: ExplainedDocument, now: float, page: Page | None = None) -> None:
    """Writes what would be done."""
    page = page or Page()
    page.title(f"{document.organization_id}: {document.summary}", "bold")
    _gate(document.gate, now, page)
    for one in document.explanations:
        page.heading(f"{one.issue or 'asked'}: {one.kind}")
        page.fact("carries", _carries(one))
        for held in one.obstacles:
            page.fact(f"{held.hold}", held.ends)
    if document.unfinished:
        page.heading("Under way or held")
    for action in document.unfinished:
        page.say(_line(action, now), indent=8, first=f"  {action.id}")


def _gate(gate: GateDocument, now: float, page: Page) -> None:
    ours = gate.configured_mode
    where = "" if gate.mode is ours else f", of the running exporter; this configuration says {ours}"
    page.fact("mode", f"{gate.mode}{where}")
    page.fact(
        "obeyed", "by a running exporter" if gate.obeyed else "by nobody: no running exporter acts on this ledger"
    )
    if gate.paused_at is not None:
        note = f": {gate.paused_note}" if gate.paused_note else ""
        page.fact("paused", f"{since(gate.paused_at, now)} by {gate.paused_by}{note}")
    if gate.credential_refused_at is not None:
        page.fact("token refused", since(gate.credential_refused_at, now))
    if gate.storm_seen_at is not None:
        page.fact("storm", f"last seen {since(gate.storm_seen_at, now)}")
    if gate.breaker_opened_at is not None:
        page.fact("breaker open", since(gate.breaker_opened_at, now))


def _line(one: ActionDocument, now: float) -> str:
    held = f" ({one.hold}{f', would: {one.would}' if one.would else ''})" if one.hold is not None else ""
    issue = f" for {one.issue}" if one.issue is not None else ""
    return f"{one.organization_id}, {one.kind}{issue}: {one.state}{held}, {since(one.changed_at, now)}"


def _carries(one: ActionDocument | ExplanationDocument) -> str:
    if not one.sync_types:
        return "no call was thought out"
    records = f", {counted(len(one.record_ids), 'record')}: {', '.join(one.record_ids)}" if one.record_ids else ""
    return f"{', '.join(one.sync_types)}{records}{f', since {one.since}' if one.since else ''}"
