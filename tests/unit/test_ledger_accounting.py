"""What metrics are told of the ledger: each row once, whatever happens between two looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.model.accounts import Account, Marks
from exporter.model.action import ActionState, AttemptOutcome, Effect, TriggerSource
from exporter.model.asked import Reconnect
from exporter.model.words import Sent
from exporter.remediation.ledger.recording import Result
from tests.unit.acting import ACCEPTED, AUTO, DAY, HOUR, MINUTE, Book, a_request, alert


class Teller:
    """Whoever counts: looks again and again, each time from where it stopped."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.marks = book.work.marks()

    def look(self) -> Account:
        """What is new."""
        found = self._book.work.account(self.marks, self._book.limits, self._book.now)
        self.marks = found.marks
        return found


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A ledger that is a day old, with an executor in mode auto."""
    return Book(tmp_path / "ledger.db")


def test_what_was_there_before_is_not_new(book: Book) -> None:
    """An exporter that starts counts from 0; how the ledger stands is told all the same."""
    book.deliver(alert())
    book.close(book.claim())
    found = Teller(book).look()
    assert (found.triggers, found.entered, found.attempts, found.verified) == ({}, {}, {}, ())
    assert (found.totals.actions[ActionState.ACCEPTED], found.hour, found.day) == (1, 1, 1)


def test_each_trigger_is_counted_once_by_who_asks(book: Book) -> None:
    """An alert that comes again is the same one."""
    teller = Teller(book)
    book.deliver(alert(), alert("org-2"))
    book.work.reconnected([Reconnect("org-3", book.now - HOUR)], book.now)
    assert teller.look().triggers == {TriggerSource.ALERT: 2, TriggerSource.RECONNECT: 1}
    book.deliver(alert(), alert("org-4"))
    assert teller.look().triggers == {TriggerSource.ALERT: 1}
    assert teller.look().triggers == {}


def test_each_state_that_was_entered_is_counted_also_those_between_two_looks(book: Book) -> None:
    """An action that came and went is seen; what happens to the gate is no state."""
    teller = Teller(book)
    book.deliver(alert())
    book.close(book.claim())
    book.work.pause("jo", "", book.now)
    assert teller.look().entered == {ActionState.PLANNED: 1, ActionState.STARTED: 1, ActionState.ACCEPTED: 1}
    assert teller.look().entered == {}


def test_an_attempt_under_way_is_counted_when_it_has_ended(book: Book) -> None:
    """And not at both looks, nor never; those that ended after it began wait for it."""
    teller = Teller(book)
    book.deliver(alert())
    claim = book.claim()
    assert teller.look().attempts == {}
    book.close(claim, Result(AttemptOutcome.UNKNOWN, sent=Sent.MAYBE))
    assert teller.look().attempts == {AttemptOutcome.UNKNOWN: 1}
    assert teller.look().attempts == {}


def test_how_long_it_took_to_be_verified_is_told_once(book: Book) -> None:
    """From the call; never less than 0, whatever the clock does."""
    teller = Teller(book)
    for number, seconds in enumerate((4 * MINUTE, -DAY)):
        book.wait(MINUTE)
        book.work.ask(a_request(f"org-{number}"), book.limits, book.now)
        book.close(book.claim())
        (action,) = book.work.watched()
        book.work.judge_effect(action, Effect.VERIFIED, AUTO, book.now + seconds)
        assert teller.look().verified == (max(0.0, seconds),)
    assert teller.look().verified == ()


def test_a_ledger_that_was_replaced_is_counted_from_its_begin(book: Book, tmp_path: Path) -> None:
    """Its numbers are small again: what is in it would else not be counted until they have grown."""
    for number in range(4):
        book.deliver(alert(f"org-{number}"))
    teller = Teller(book)
    other = Book(tmp_path / "other.db")
    other.deliver(alert())
    found = other.work.account(teller.marks, other.limits, other.now)
    assert found.marks.triggers == 1
    other.deliver(alert("org-2"))
    assert other.work.account(found.marks, other.limits, other.now).triggers == {TriggerSource.ALERT: 1}


def test_calls_leave_the_hour_and_the_day(book: Book) -> None:
    """As the budgets count them."""
    book.deliver(alert())
    book.close(book.claim(), ACCEPTED)
    book.wait(HOUR + 1)
    found = book.work.account(Marks(), book.limits, book.now)
    assert (found.hour, found.day) == (0, 1)
    book.wait(DAY)
    assert book.work.account(Marks(), book.limits, book.now).day == 0
