"""The clock was set back: nothing is held until it comes to where it was, and nothing is done sooner for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.model.action import ActionState, AttemptOutcome, Effect, Mode
from exporter.model.holds import Hold
from exporter.model.words import Sent
from exporter.remediation.ledger.recording import Result
from tests.unit.acting import AUTO, DAY, HOUR, MINUTE, WELL, Book, alert

YEARS = 3650 * DAY
REFUSED = Result(AttemptOutcome.REFUSED, sent=Sent.YES, http_status=400)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A ledger whose machine's clock is ten years ahead."""
    book = Book(tmp_path / "ledger.db")
    book.now += YEARS
    beat(book)
    return book


def beat(book: Book) -> None:
    """The sign that an executor gives each ten seconds."""
    book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)


def set_back(book: Book, by: str) -> None:
    """The clock is right again; noticed by a heartbeat, or by the next start."""
    book.now -= YEARS
    if by == "heartbeat":
        beat(book)
    else:
        book.reopened()


def events(book: Book) -> list[str]:
    """Of the gate."""
    return [one.what for one in book.work.events(None, 100)]


@pytest.mark.parametrize("by", ["heartbeat", "start"])
def test_a_cooldown_and_a_budget_last_as_long_as_always(book: Book, by: str) -> None:
    """Not ten years, and not a second less than from now on."""
    book.limits = replace(AUTO, per_hour=1)
    book.deliver(alert())
    book.close(book.claim(), REFUSED)
    set_back(book, by)
    book.wait(AUTO.pace)
    book.deliver(alert(starts_at="later"), alert("org-2"))
    assert book.claim() is None
    assert {one.hold for one in book.work.actions(None, (), 2, None)} == {Hold.COOLDOWN, Hold.HOUR_BUDGET}
    assert events(book).count("clock_set_back") == 1
    book.wait(29 * MINUTE)
    assert book.claim() is None
    book.wait(HOUR)
    assert book.claim() is not None


@pytest.mark.parametrize("by", ["heartbeat", "start"])
def test_a_storm_ends_after_its_calm(book: Book, by: str) -> None:
    """Counted from when the clock was right again."""
    book.deliver(alert())
    book.claim(fleet=replace(WELL, incident=True))
    set_back(book, by)
    book.claim()
    assert book.hold() is Hold.STORM
    book.wait(15 * MINUTE + 1)
    beat(book)
    assert "storm_ended" in events(book)
    assert book.claim() is not None


def test_an_open_breaker_lets_one_through_after_its_pause(book: Book) -> None:
    """An hour from now."""
    for number in range(5):
        book.deliver(alert(f"org-{number}"))
        book.close(book.claim(), REFUSED)
        book.wait(MINUTE)
    set_back(book, "heartbeat")
    book.deliver(alert("org-9"))
    assert book.claim() is None
    assert book.hold() is Hold.BREAKER
    book.wait(HOUR)
    assert book.claim() is not None


def test_a_call_that_is_watched_ends_within_its_time(book: Book) -> None:
    """Its organisation would else be busy for ten years."""
    book.deliver(alert())
    action = book.close(book.claim())
    assert (action.called_at, action.verify_by) == (book.now, book.now + AUTO.verify_within)
    set_back(book, "start")
    (watched,) = book.work.watched()
    assert (watched.called_at, watched.verify_by) == (book.now, book.now + AUTO.verify_within)
    assert book.work.judge_effect(watched, Effect.INEFFECTIVE, AUTO, book.now).state is ActionState.INEFFECTIVE


def test_what_waits_is_judged_now_and_expires_in_its_time(book: Book) -> None:
    """A person's approval must not be good for ten years."""
    book.limits = replace(AUTO, mode=Mode.APPROVE)
    book.deliver(alert())
    book.claim()
    assert book.only().state is ActionState.AWAITING_APPROVAL
    set_back(book, "heartbeat")
    assert book.only().expires_at == book.now + AUTO.approval_expires
    assert book.work.due(10, book.now)
    book.wait(4 * HOUR)
    book.claim()
    assert book.only().state is ActionState.EXPIRED


def test_a_clock_that_is_only_slewed_changes_nothing(book: Book) -> None:
    """Half a second, as NTP does it: no event, and no instant that moves."""
    book.deliver(alert())
    action = book.close(book.claim())
    book.now -= 0.5
    beat(book)
    book.reopened()
    assert "clock_set_back" not in events(book)
    assert book.only().called_at == action.called_at
