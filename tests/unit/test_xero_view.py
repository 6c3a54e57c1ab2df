"""When Xero is asked, and what may be concluded from its answers, and for how long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from exporter.config.xero import XeroApp
from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.xero_view import (
    FIRST_RETRY,
    GOOD_FOR,
    LEAST_WAIT,
    LONGEST_WAIT,
    NOTHING,
    Known,
    XeroWatch,
    learned,
    next_ask,
    view_of,
)
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.connections import ConnectionList
from exporter.upstream.identity import Rejection
from exporter.upstream.xero import Asked

REFRESH = 600.0
TENANT = "fe79f7ddb6d44a92ba7b538af6289c58"
DOWN = Asked(UpstreamFailure(Failure.NETWORK, Sent.NO, detail="no connection could be made"), accepted=None)
NO_LIST = Asked(UpstreamFailure(Failure.SERVER_ERROR, Sent.YES, 500, detail="HTTP status 500"), accepted=True)
NO_SECRET = Asked(UpstreamFailure(Failure.AUTH, Sent.NO, detail="the file cannot be read"), accepted=None)
REFUSED = Asked(
    UpstreamFailure(Failure.AUTH, Sent.YES, 400, detail="refused"), accepted=False, rejection=Rejection.INVALID_CLIENT
)


@dataclass
class HandClock:
    """Moved by hand."""

    at: float = 1000.0

    def now(self) -> Moment:
        """The present."""
        return Moment(1_700_000_000.0 + self.at, self.at)


@dataclass
class Number:
    """Which secret is in use."""

    number: int = 1


@dataclass
class Xero:
    """Answers what it is told to; a list is made new, as if it was asked for just now."""

    clock: HandClock
    answer: Asked | frozenset[str] = field(default_factory=lambda: frozenset({TENANT}))
    asked: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    async def connections(self) -> Asked:
        """The answer."""
        self.asked += 1
        self.began.set()
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Asked):
            return self.answer
        return Asked(ConnectionList(self.answer, len(self.answer), self.clock.now()), accepted=True)


class Room:
    """All that a test looks at."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.xero = Xero(self.clock)
        self.secret = Number()
        self.registry = CollectorRegistry(auto_describe=False)
        self.watch = XeroWatch(
            XeroApp.model_construct(client_id="x", refresh=REFRESH),
            xero=self.xero,
            credential=self.secret,
            clock=self.clock,
            metrics=SelfMetrics(self.registry),
        )

    async def ask(self, answer: Asked | frozenset[str] | None = None) -> None:
        """One ask, which is answered like this."""
        if answer is not None:
            self.xero.answer = answer
        await self.watch.ask()

    async def waits(self) -> float:
        """Seconds until the next ask is due."""
        began = self.clock.at
        while not self.watch.due(self.clock.now()):
            self.clock.at += 1
        return self.clock.at - began

    @property
    def tenants(self) -> frozenset[str] | None:
        """Whom the view lists now."""
        found = self.watch.view(self.clock.now()).connections
        return None if found is None else found.tenants

    @property
    def rejected(self) -> tuple[Rejection, float] | None:
        """How Xero refuses the app, as far as is known now, and since when; None when it does not."""
        found = self.watch.view(self.clock.now())
        if found.rejection is None:
            assert found.rejected_since is None
            return None
        assert found.rejected_since is not None
        return found.rejection, found.rejected_since.monotonic


@pytest.fixture
def room() -> Room:
    """A Xero that was not asked yet."""
    return Room()


async def test_before_the_first_answer_nothing_is_known_and_it_is_due_at_once(room: Room) -> None:
    """No list, and nothing of the app."""
    assert room.watch.view(room.clock.now()) is NOTHING
    assert room.watch.due(room.clock.now())


async def test_a_list_is_asked_for_once_each_refresh(room: Room) -> None:
    """And is there at once, with the instant at which it was asked for."""
    await room.ask()
    found = room.watch.view(room.clock.now()).connections
    assert found is not None
    assert (found.tenants, found.count, found.at) == (frozenset({TENANT}), 1, room.clock.now())
    assert found.valid_until == room.clock.at + GOOD_FOR * REFRESH
    assert await room.waits() == REFRESH


async def test_an_empty_list_is_a_list(room: Room) -> None:
    """Nobody is connected, and that is known."""
    await room.ask(frozenset())
    assert room.tenants == frozenset()


@pytest.mark.parametrize("failure", [DOWN, NO_LIST, REFUSED, NO_SECRET], ids=lambda one: one.outcome.detail)
async def test_a_failure_leaves_the_last_list_for_three_refreshes(room: Room, failure: Asked) -> None:
    """Then nothing is concluded any more; it never becomes an empty list."""
    await room.ask()
    room.clock.at += REFRESH
    await room.ask(failure)
    room.clock.at += 2 * REFRESH - 1
    assert room.tenants == frozenset({TENANT})
    room.clock.at += 1
    assert room.tenants is None


async def test_the_view_is_the_same_object_until_something_changes(room: Room) -> None:
    """And says when time alone will change it; the list in it too."""
    await room.ask()
    first = room.watch.view(room.clock.now())
    room.clock.at = first.valid_until - 0.001
    assert room.watch.view(room.clock.now()) is first
    room.clock.at = first.valid_until
    assert room.watch.view(room.clock.now()) is not first
    room.clock.at -= 100
    await room.ask(DOWN)


async def test_a_failure_keeps_the_very_same_list(room: Room) -> None:
    """Whoever folds compares by identity."""
    await room.ask()
    first = room.watch.view(room.clock.now()).connections
    await room.ask(NO_LIST)
    assert room.watch.view(room.clock.now()).connections is first


async def test_the_refusal_of_the_app_is_known_until_xero_says_otherwise_or_it_is_too_old(room: Room) -> None:
    """An outage in between says nothing of it."""
    began = room.clock.at
    for answer in (REFUSED, DOWN, REFUSED):
        await room.ask(answer)
        assert room.rejected == (Rejection.INVALID_CLIENT, began)
        room.clock.at += 5
    await room.ask(NO_LIST)
    assert room.rejected is None
    await room.ask(REFUSED)
    assert room.rejected == (Rejection.INVALID_CLIENT, began + 15)
    room.clock.at += GOOD_FOR * REFRESH
    assert room.rejected is None


async def test_after_the_first_failure_it_is_asked_soon_and_then_ever_more_seldom(room: Room) -> None:
    """10 s, then a minute and more, up to the refresh; a success ends that."""
    waits = []
    for _ in range(7):
        await room.ask(DOWN)
        waits.append(await room.waits())
    assert waits == [FIRST_RETRY, LEAST_WAIT, 120, 240, 480, REFRESH, REFRESH]
    await room.ask(frozenset())
    assert await room.waits() == REFRESH
    await room.ask(DOWN)
    assert await room.waits() == FIRST_RETRY


async def test_a_refused_app_is_not_tried_again_at_once(room: Room) -> None:
    """No waiting mends it; but another secret does, and is tried within a second."""
    await room.ask(REFUSED)
    assert await room.waits() == LEAST_WAIT
    await room.ask(REFUSED)
    assert await room.waits() == 120
    await room.ask(REFUSED)
    assert not room.watch.due(room.clock.now())
    room.secret.number = 2
    assert room.watch.due(room.clock.now())
    await room.ask(REFUSED)
    assert not room.watch.due(room.clock.now())


async def test_a_secret_that_could_not_be_read_is_tried_as_soon_as_it_can(room: Room) -> None:
    """Its file may come a moment later than we."""
    room.secret.number = 0
    await room.ask(NO_SECRET)
    assert not room.watch.due(room.clock.now())
    room.secret.number = 1
    assert room.watch.due(room.clock.now())


async def test_another_secret_alone_is_no_reason_to_ask(room: Room) -> None:
    """While the old one was taken, there is time."""
    await room.ask()
    room.secret.number = 2
    assert await room.waits() == REFRESH


@given(
    st.integers(0, 10_000),
    st.floats(10, 86_400),
    st.booleans(),
    st.none() | st.floats(0, 1e9),
)
def test_the_next_ask_is_never_sooner_than_a_minute_but_after_one_failure(
    failures: int,
    refresh: float,
    refused: bool,  # noqa: FBT001 - hypothesis hands it in
    retry_after: float | None,
) -> None:
    """Never later than the refresh (a minute at least), or than Xero asks for, a day at most."""
    wait = next_ask(
        0.0,
        refresh=refresh,
        failures_in_row=failures,
        refused=refused,
        retry_after=retry_after,
        least_wait=LEAST_WAIT,
    )
    assert wait >= min(retry_after or 0.0, LONGEST_WAIT)
    assert wait <= max(refresh, LEAST_WAIT, min(retry_after or 0.0, LONGEST_WAIT))
    if failures > 1 or (failures and refused):
        assert wait >= LEAST_WAIT


async def test_a_daily_limit_is_honoured(room: Room) -> None:
    """18 hours; the list is long too old by then, and says nothing."""
    await room.ask()
    limited = UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429, retry_after=64_800.0)
    await room.ask(Asked(limited, accepted=True))
    assert await room.waits() == 64_800
    assert room.tenants is None


async def test_at_most_one_ask_is_under_way(room: Room) -> None:
    """However long it takes."""
    room.xero.gate = asyncio.Event()
    asking = asyncio.create_task(room.watch.ask())
    await room.xero.began.wait()
    room.clock.at += 10_000
    assert not room.watch.due(room.clock.now())
    room.xero.gate.set()
    await asking
    assert room.xero.asked == 1


async def test_what_breaks_is_not_asked_again_at_once(room: Room) -> None:
    """A fault of ours, told by the owner."""
    room.xero.answer = None  # type: ignore[assignment]  # what cannot be
    with pytest.raises(TypeError):
        await room.watch.ask()
    assert await room.waits() == LEAST_WAIT


async def test_when_xero_last_listed_them_is_told(room: Room) -> None:
    """Absent before the first list; a failure does not move it."""
    name = "xero_exporter_xero_connections_last_success_timestamp_seconds"
    assert room.registry.get_sample_value(name) is None
    await room.ask()
    at = room.clock.now().wall
    room.clock.at += 5
    await room.ask(DOWN)
    assert room.registry.get_sample_value(name) == at


async def test_only_changes_are_logged(room: Room) -> None:
    """An outage once, a refusal once, and what comes after."""
    with capture_logs() as logs:
        for answer in (frozenset({TENANT}), frozenset({TENANT}), DOWN, DOWN, frozenset({TENANT}), REFUSED, REFUSED):
            await room.ask(answer)
        await room.ask(frozenset({TENANT}))
    assert [entry["event"] for entry in logs] == [
        "xero_connections_listed",
        "xero_connections_failed",
        "xero_connections_listed",
        "xero_app_rejected",
        "xero_app_accepted",
        "xero_connections_listed",
    ]
    assert TENANT not in str(logs)


def test_what_is_known_of_list_and_app_ages_apart() -> None:
    """The list may be old while the refusal is new."""
    listed = Asked(ConnectionList(frozenset({TENANT}), 1, Moment(0, 0)), accepted=True)
    known = learned(learned(Known(), listed, Moment(1, 1), 30), REFUSED, Moment(20, 20), 30)
    early, late, last = (view_of(known, Moment(at, at), 30) for at in (25, 40, 50))
    refused = (Rejection.INVALID_CLIENT, Moment(20, 20))
    assert (early.connections is not None, early.valid_until) == (True, 30)
    assert (late.connections, late.valid_until) == (None, 50)
    assert {(one.rejection, one.rejected_since) for one in (early, late)} == {refused}
    assert (last.connections, last.rejection, last.rejected_since, last.valid_until) == (None, None, None, float("inf"))
