"""One action for several who ask: none keeps the others waiting, and none is forgotten when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.model.action import (
    ActionKind,
    ActionState,
    AttemptOutcome,
    Effect,
    Mode,
    Parameters,
    TriggerSource,
    TriggerState,
)
from exporter.model.asked import Reconnect
from exporter.model.holds import Hold
from exporter.model.words import Issue, SyncType
from exporter.remediation.ledger.recording import Result
from exporter.remediation.policy import Decision, Do, Over, Wait, Wanted
from tests.unit.acting import AUTO, DAY, HOUR, MINUTE, NOON, RESYNC, RETRY, Book, a_request, alert

CONTACTS, INVOICES = Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING
MEND_INVOICES = Do(ActionKind.RETRY, Parameters((SyncType.INVOICES,), record_ids=("i-1",)))
MEND_CONTACTS = Do(ActionKind.RETRY, RETRY)
INCURABLE = Wait(Hold.RETRY_CANNOT_HELP)


def by(contacts: Decision, invoices: Decision, reconnect: Decision | None = None) -> Callable[[Wanted], Decision]:
    """What policy says of each who asks."""
    said = {CONTACTS: contacts, INVOICES: invoices, None: reconnect}

    def decide(wanted: Wanted) -> Decision:
        decision = said[wanted.issue]
        assert decision is not None
        return decision

    return decide


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Alerts of failing contacts, and then of failing invoices, are one action of org-1."""
    book = Book(tmp_path / "ledger.db", replace(AUTO, fallback_resync=True, catch_up_resync=True))
    book.deliver(alert(), alert(issue=INVOICES))
    assert book.only().issue is CONTACTS
    return book


def states(book: Book, action_id: int = 1) -> dict[Issue | None, TriggerState]:
    """Of the triggers of an action."""
    record = book.work.action(action_id)
    assert record is not None
    return {one.issue: one.state for one in record.triggers}


def test_what_cannot_be_mended_does_not_keep_from_mending_what_can(book: Book) -> None:
    """The first for whom something can be done is who the action is for."""
    claim = book.claim(by(INCURABLE, MEND_INVOICES))
    assert claim is not None
    assert (claim.action.issue, claim.action.parameters) == (INVOICES, MEND_INVOICES.parameters)


def test_while_nothing_can_be_done_the_first_says_why(book: Book) -> None:
    """And who joins an action that waits long is judged at once."""
    book.claim(by(Wait(Hold.NO_RECORD_IDS), INCURABLE))
    assert (book.only().issue, book.hold()) == (CONTACTS, Hold.NO_RECORD_IDS)
    book.deliver(alert(starts_at="later", issue=INVOICES))
    assert book.only().look_at == book.now


def test_who_is_healthy_is_let_go_and_the_others_go_on(book: Book) -> None:
    """Only when all are, the action is cancelled."""
    book.claim(by(Over(), INCURABLE))
    assert (book.only().state, book.only().issue) == (ActionState.HELD, INVOICES)
    assert states(book) == {CONTACTS: TriggerState.DISMISSED, INVOICES: TriggerState.PLANNED}
    book.wait(MINUTE)
    book.deliver(alert())
    assert states(book)[CONTACTS] is TriggerState.PLANNED
    book.claim(by(Over(), Over()))
    assert book.only().state is ActionState.CANCELLED
    assert set(states(book).values()) == {TriggerState.DISMISSED}


def test_an_exhausted_issue_does_not_keep_the_others_waiting(book: Book) -> None:
    """Each is judged by the gates with the attempts of its own episode."""
    book.limits = replace(book.limits, attempts=1, cooldown=MINUTE)
    book.close(book.claim(), Result(AttemptOutcome.REFUSED, http_status=400))
    book.wait(5 * MINUTE)
    book.deliver(alert())
    book.plan()
    assert len(states(book, 2)) == 2
    claim = book.claim(by(MEND_CONTACTS, MEND_INVOICES))
    assert claim is not None
    assert claim.action.issue is INVOICES


@pytest.mark.parametrize("effect", [Effect.VERIFIED, Effect.INEFFECTIVE])
def test_who_waited_meanwhile_asks_again_when_the_action_ends(book: Book, effect: Effect) -> None:
    """By itself: Alertmanager may not send again for hours."""
    book.close(book.claim(by(MEND_CONTACTS, MEND_INVOICES)))
    (watched,) = book.work.watched()
    book.work.judge_effect(watched, effect, book.limits, book.now)
    waiting = {one.issue for one in book.work.waiting(10)}
    assert waiting == ({INVOICES} if effect is Effect.VERIFIED else {CONTACTS, INVOICES})


def test_who_was_healthy_by_the_fresh_reading_frees_the_others(book: Book) -> None:
    """The action ends as cancelled, and what goes on asks again."""
    book.close(book.claim(), Result(AttemptOutcome.NOT_CALLED, over="healthy_again"))
    assert book.only().state is ActionState.CANCELLED
    assert [one.issue for one in book.work.waiting(10)] == [INVOICES]


def test_who_expires_frees_the_others(book: Book) -> None:
    """Its own alert asks again when it is delivered."""
    book.wait(DAY)
    book.claim(INCURABLE)
    assert book.only().state is ActionState.EXPIRED
    assert [one.issue for one in book.work.waiting(10)] == [INVOICES]


def test_what_ended_at_the_alertmanager_meanwhile_does_not_ask_again(book: Book) -> None:
    """It was only kept for the diagnosis to agree."""
    book.deliver(alert(issue=INVOICES, resolved=True))
    book.close(book.claim(), Result(AttemptOutcome.REFUSED, http_status=400))
    assert book.work.waiting(10) == []


def test_who_needs_the_other_kind_goes_to_the_action_of_that_kind(book: Book) -> None:
    """One unfinished action per kind, and the rest stays."""
    book.work.reconnected([Reconnect("org-1", NOON - HOUR)], book.now)
    resync = Do(ActionKind.RESYNC, RESYNC)
    book.plan(lambda _: resync)
    book.limits = replace(book.limits, exclude=AUTO.include)
    book.claim(by(MEND_CONTACTS, resync, resync))
    assert set(states(book, 1)) == {CONTACTS}
    assert set(states(book, 2)) == {None, INVOICES}
    assert {one.kind: one.state for one in book.work.actions(None, (), 10, None)} == {
        ActionKind.RETRY: ActionState.HELD,
        ActionKind.RESYNC: ActionState.HELD,
    }
    book.wait(MINUTE)
    book.claim(by(resync, resync, resync))
    assert book.work.actions(None, (ActionState.CANCELLED,), 10, None)[0].kind is ActionKind.RETRY
    assert set(states(book, 2)) == {None, CONTACTS, INVOICES}


def test_a_catch_up_outlives_the_resync_that_it_joined(tmp_path: Path) -> None:
    """The alert's issue is gone, and the gap of the broken connection is not."""
    book = Book(tmp_path / "ledger.db", replace(AUTO, fallback_resync=True, catch_up_resync=True))
    book.deliver(alert(), decide=lambda _: Do(ActionKind.RESYNC, RESYNC))
    book.work.reconnected([Reconnect("org-1", NOON - 5 * DAY)], book.now)
    catch_up = Do(ActionKind.RESYNC, replace(RESYNC, since=NOON - 5 * DAY))
    book.plan(lambda _: catch_up)
    claim = book.claim(by(Over(), Over(), catch_up))
    assert claim is not None
    assert (claim.action.source, claim.action.parameters) == (TriggerSource.RECONNECT, catch_up.parameters)


def test_breaks_of_a_connection_are_caught_up_with_together(tmp_path: Path) -> None:
    """From the first on; but what breaks after the call is another gap."""
    book = Book(tmp_path / "ledger.db", replace(AUTO, catch_up_resync=True))
    catch_up = Do(ActionKind.RESYNC, RESYNC)
    heard = []

    def decide(wanted: Wanted) -> Decision:
        heard.append(wanted.since)
        return catch_up

    for hours in (5, 1):
        book.work.reconnected([Reconnect("org-1", NOON - hours * HOUR)], book.now)
        book.plan(lambda _: catch_up)
    book.close(book.claim(decide))
    assert heard == [NOON - 5 * HOUR]
    book.wait(MINUTE)
    book.work.reconnected([Reconnect("org-1", book.now - 1)], book.now)
    book.plan(lambda _: catch_up)
    (watched,) = book.work.watched()
    book.work.judge_effect(watched, Effect.VERIFIED, book.limits, book.now)
    assert [one.since for one in book.work.waiting(10)] == [book.now - 1]


def test_what_a_person_approved_comes_first(book: Book) -> None:
    """And stays approved while somebody else who asks could be mended too."""
    book.limits = replace(book.limits, mode=Mode.APPROVE)
    book.claim(by(INCURABLE, MEND_INVOICES))
    book.work.approve(book.only().id, "jo", "", book.limits, book.now)
    claim = book.claim(by(MEND_CONTACTS, MEND_INVOICES))
    assert claim is not None
    assert (claim.action.issue, claim.action.approved_by) == (INVOICES, "jo")


def test_alerts_that_a_person_took_over_ask_again_when_that_has_ended(book: Book) -> None:
    """The person named some records; whether all is well then is for the diagnosis to say."""
    book.work.ask(a_request(), book.limits, book.now)
    book.close(book.claim())
    (watched,) = book.work.watched()
    book.work.judge_effect(watched, Effect.VERIFIED, book.limits, book.now)
    assert {one.issue for one in book.work.waiting(10)} == {CONTACTS, INVOICES}


def test_a_rehearsal_is_of_one_issue(book: Book) -> None:
    """When that is gone, the next is rehearsed."""
    book.limits = replace(book.limits, mode=Mode.DRY_RUN)
    book.close(book.claim(by(MEND_CONTACTS, MEND_INVOICES)), Result(AttemptOutcome.REHEARSED))
    book.wait(HOUR)
    assert book.claim(by(MEND_CONTACTS, MEND_INVOICES)) is None
    book.wait(HOUR)
    claim = book.claim(by(Over(), MEND_INVOICES))
    assert claim is not None
    assert claim.action.issue is INVOICES
