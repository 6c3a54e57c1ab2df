"""The poller: who is started at a tick, one reading of an organisation at a time, and nobody lost whatever happens."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from exporter.model.facts import Organization, Reading, Status, UpstreamFailure
from exporter.model.judgement import Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.fleet import Fleet
from exporter.observe.poller import GRAIN, Poller
from exporter.observe.reader import Reader
from exporter.telemetry.metrics import SelfMetrics

INTERVAL = 10.0


@dataclass
class HandClock:
    """A clock that stands until it is moved."""

    second: float = 0.0

    def now(self) -> Moment:
        """The hand-set moment."""
        return Moment(1_700_000_000.0 + self.second, self.second)


@dataclass
class Token:
    """Which token is in force."""

    number: int = 1


@dataclass
class ScriptedReader:
    """Stands in for the reader: answers by script, remembers who was asked."""

    clock: HandClock
    token: Token
    answer: Callable[[str], Status | UpstreamFailure] = lambda _: Status()
    hold: asyncio.Event | None = None
    asked: Counter[str] = field(default_factory=Counter)
    suspects: set[str] = field(default_factory=set)

    async def read(
        self, organization_id: str, *, suspect: bool = False, wanted: Callable[[], bool] = lambda: True
    ) -> Reading | None:
        """One reading, after the hold (a permit) if there is one."""
        if self.hold is not None:
            await self.hold.wait()
        if not wanted():
            return None
        self.asked[organization_id] += 1
        if suspect:
            self.suspects.add(organization_id)
        now = self.clock.now()
        return Reading(organization_id, now, now, self.answer(organization_id), self.token.number)


class Bench:
    """A poller with everything around it, and timers that go off when the hand-set clock says so."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.token = Token()
        self.reader = ScriptedReader(self.clock, self.token)
        self.fleet = Fleet(Thresholds(stale_after=300.0))
        self.registry = CollectorRegistry()
        self.metrics = SelfMetrics(self.registry)
        self.timers: list[tuple[float, int, Callable[[], None]]] = []
        self.poller = self.new_poller()

    def new_poller(self) -> Poller:
        """Another poller of the same parts, as after a restart."""
        tickets = itertools.count()

        def later(delay: float, call: Callable[[], None]) -> None:
            heapq.heappush(self.timers, (self.clock.second + delay, next(tickets), call))

        return Poller(
            reader=cast("Reader", self.reader),
            fleet=self.fleet,
            credential=self.token,
            clock=self.clock,
            draw=lambda: 0.5,
            metrics=self.metrics,
            interval=INTERVAL,
            later=later,
        )

    async def pass_time(self, seconds: int) -> None:
        """That many ticks, a second apart, and what happens between them."""
        for _ in range(seconds):
            self.tick()
            await self.pass_second()

    def tick(self) -> None:
        """A tick alone: it plans."""
        self.poller.tick(self.clock.now())

    async def pass_second(self) -> None:
        """The second after a tick: timers go off at their instants, readings end, the fleet is folded."""
        end = self.clock.second + 1.0
        while self.timers and self.timers[0][0] <= end:
            at, _, call = heapq.heappop(self.timers)
            self.clock.second = max(self.clock.second, at)
            call()
            await self.settle()
        self.clock.second = end
        await self.settle()
        self.fleet.fold(self.clock.now())

    async def settle(self) -> None:
        """Lets what can go on go on."""
        for _ in range(5):
            await asyncio.sleep(0)

    def replace(self, *names: str) -> None:
        """A new roster."""
        self.fleet.replace_roster([Organization(name) for name in names], self.clock.now())
        self.poller.replace_roster(names, self.clock.now())


@pytest.fixture
def bench() -> Bench:
    """Twenty organisations at 10 s."""
    made = Bench()
    made.replace(*(f"org-{number}" for number in range(20)))
    return made


async def test_everybody_is_asked_once_in_an_interval(bench: Bench) -> None:
    """No more, no less, interval after interval."""
    await bench.pass_time(100)
    assert set(bench.reader.asked.values()) == {10}
    assert len(bench.reader.asked) == 20


async def test_a_reading_under_way_is_not_started_twice_and_its_missed_turns_are_counted(bench: Bench) -> None:
    """It waits for a permit over three of its turns."""
    bench.reader.hold = asyncio.Event()
    await bench.pass_time(35)
    assert bench.poller.under_way == 20
    bench.reader.hold.set()
    await bench.pass_time(1)
    assert set(bench.reader.asked.values()) == {1}
    overruns = bench.registry.get_sample_value("xero_exporter_poll_overruns_total")
    assert overruns is not None
    assert 40 <= overruns <= 60
    await bench.pass_time(10)
    assert set(bench.reader.asked.values()) == {2}


async def test_nobody_begins_before_its_turn_or_late(bench: Bench) -> None:
    """Each at its own instant of the second, so the platform sees no burst."""
    await bench.pass_time(30)
    late = bench.registry.get_sample_value("xero_exporter_poll_lag_seconds_sum")
    assert late is not None
    assert 0 < late <= bench.reader.asked.total() * GRAIN
    began = {name: bench.fleet.history(name).recent[-1].at for name in bench.reader.asked}
    assert len(set(began.values())) > 15


async def test_a_roster_that_changes_between_plan_and_start_counts(bench: Bench) -> None:
    """The removed are not asked, those who came back are asked once."""
    for _ in range(10):
        bench.tick()
        bench.replace("org-1")
        bench.replace("org-1", "org-2")
        await bench.pass_second()
    assert set(bench.reader.asked) <= {"org-1", "org-2"}
    await bench.pass_time(20)
    assert max(bench.reader.asked.values()) <= 4
    assert min(bench.reader.asked[name] for name in ("org-1", "org-2")) >= 2


async def test_a_stop_between_plan_and_start_counts(bench: Bench) -> None:
    """Nothing begins after it."""
    bench.tick()
    bench.poller.stop()
    await bench.pass_second()
    await bench.pass_time(20)
    assert not bench.reader.asked


async def test_a_pause_between_plan_and_start_counts(bench: Bench) -> None:
    """Whoever is first is refused with a Retry-After; nobody else of that second is sent."""
    bench.reader.answer = lambda _: UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429, retry_after=500.0)
    await bench.pass_time(10)
    assert bench.reader.asked.total() == 1


async def test_an_exception_while_a_reading_is_taken_in_loses_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours anywhere: everybody has a turn again."""

    def broken(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(bench.fleet, "receive", broken)
        await bench.pass_time(20)
    bench.reader.asked.clear()
    await bench.pass_time(10)
    assert len(bench.reader.asked) == 20


async def test_without_a_token_nobody_is_asked_and_the_first_token_starts_it(bench: Bench) -> None:
    """Nothing is sent without a credential, and nothing is said of the platform."""
    bench.token.number = 0
    bench.poller = bench.new_poller()
    bench.replace(*(f"org-{number}" for number in range(20)))
    await bench.pass_time(20)
    assert not bench.reader.asked
    assert bench.poller.auth_ok is None
    assert bench.poller.next_attempt("org-1") is None
    bench.token.number = 1
    await bench.pass_time(11)
    assert len(bench.reader.asked) == 20
    assert bench.poller.auth_ok is True


async def test_a_new_token_ends_the_back_off_of_the_refused_even_without_the_brake(bench: Bench) -> None:
    """Two of twenty were refused for minutes; the new token may be what they need."""
    bench.reader.answer = lambda name: (
        UpstreamFailure(Failure.AUTH, Sent.YES, 403) if name in ("org-1", "org-2") else Status()
    )
    await bench.pass_time(300)
    assert bench.poller.auth_ok is True
    bench.token.number = 2
    bench.reader.asked.clear()
    await bench.pass_time(12)
    assert bench.reader.asked["org-1"] >= 1
    assert bench.reader.asked["org-2"] >= 1


async def test_what_is_told_of_the_next_attempt_is_true_under_the_brake_and_in_a_pause(bench: Bench) -> None:
    """Nobody knows when under the brake; after the pause, in a pause."""
    await bench.pass_time(10)
    bench.reader.answer = lambda _: UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429, retry_after=100.0)
    await bench.pass_time(10)
    until = bench.poller.paused_until
    assert until is not None
    for number in range(20):
        at = bench.poller.next_attempt(f"org-{number}")
        assert at is None or at > until
    bench.reader.answer = lambda _: UpstreamFailure(Failure.AUTH, Sent.YES, 401)
    await bench.pass_time(130)
    assert bench.poller.auth_ok is False
    assert bench.poller.next_attempt("org-1") is None


async def test_a_reading_that_breaks_gives_its_organisation_the_next_turn(bench: Bench) -> None:
    """A fault of ours loses nobody."""

    def broken(name: str) -> Status:
        if name == "org-3":
            raise RuntimeError
        return Status()

    bench.reader.answer = broken
    await bench.pass_time(40)
    assert bench.reader.asked["org-3"] == 4
    assert bench.reader.asked["org-4"] == 4


async def test_a_removed_organisation_is_not_asked_any_more_even_if_it_waits_for_a_permit(bench: Bench) -> None:
    """Its customer left; nothing is sent."""
    bench.reader.hold = asyncio.Event()
    await bench.pass_time(10)
    bench.replace("org-1", "org-2")
    bench.reader.hold.set()
    await bench.pass_time(30)
    assert set(bench.reader.asked) == {"org-1", "org-2"}


async def test_one_that_came_back_is_asked_again(bench: Bench) -> None:
    """Removed by mistake, put back: as before, once an interval."""
    await bench.pass_time(10)
    bench.replace("org-1")
    await bench.pass_time(10)
    bench.replace("org-1", "org-2")
    bench.reader.asked.clear()
    await bench.pass_time(20)
    assert bench.reader.asked == {"org-1": 2, "org-2": 2}


async def test_one_that_came_back_while_it_was_being_read_is_not_read_twice_at_a_time(bench: Bench) -> None:
    """The reading that is under way counts, and gives it its next turn."""
    bench.reader.hold = asyncio.Event()
    await bench.pass_time(10)
    bench.replace("org-1")
    bench.replace("org-1", "org-2")
    await bench.pass_time(20)
    assert bench.poller.under_way == 20
    bench.reader.hold.set()
    await bench.pass_time(1)
    assert bench.reader.asked == {"org-1": 1, "org-2": 1}
    await bench.pass_time(20)
    assert bench.reader.asked == {"org-1": 3, "org-2": 3}


async def test_those_who_wait_when_the_brake_comes_on_are_not_sent(bench: Bench) -> None:
    """Twenty wait for a permit, five are refused, fifteen stay at home."""
    bench.reader.hold = asyncio.Event()
    bench.reader.answer = lambda _: UpstreamFailure(Failure.AUTH, Sent.YES)
    await bench.pass_time(10)
    bench.reader.hold.set()
    await bench.pass_time(1)
    assert bench.reader.asked.total() == 5
    assert bench.poller.auth_ok is False


async def test_with_the_brake_on_one_probe_goes_out_every_thirty_seconds_to_another_each_time(bench: Bench) -> None:
    """For as long as it takes."""
    bench.reader.answer = lambda _: UpstreamFailure(Failure.AUTH, Sent.YES)
    await bench.pass_time(10)
    bench.reader.asked.clear()
    await bench.pass_time(301)
    assert 9 <= bench.reader.asked.total() <= 10
    assert set(bench.reader.asked.values()) == {1}


async def test_after_the_brake_everybody_has_an_ordinary_turn_again(bench: Bench) -> None:
    """Whatever back-off refusals had built up before."""
    bench.reader.answer = lambda _: UpstreamFailure(Failure.AUTH, Sent.YES)
    await bench.pass_time(200)
    bench.reader.answer = lambda _: Status()
    bench.token.number = 2
    bench.reader.asked.clear()
    await bench.pass_time(12)
    assert len(bench.reader.asked) == 20
    assert bench.poller.auth_ok is True


async def test_a_pause_holds_everybody_and_ends_without_a_stampede(bench: Bench) -> None:
    """After it, each at its own turn."""
    await bench.pass_time(10)
    bench.reader.answer = lambda _: UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429, retry_after=50.0)
    await bench.pass_time(10)
    assert bench.poller.paused_until is not None
    bench.reader.answer = lambda _: Status()
    bench.reader.asked.clear()
    await bench.pass_time(30)
    assert not bench.reader.asked
    busiest = 0
    for _ in range(31):
        before = bench.reader.asked.total()
        await bench.pass_time(1)
        busiest = max(busiest, bench.reader.asked.total() - before)
    assert len(bench.reader.asked) == 20
    assert busiest <= 8
    assert bench.poller.paused_until is None


async def test_one_that_ran_into_the_deadline_twice_is_a_suspect_from_then_on(bench: Bench) -> None:
    """And only that one; once is a hiccup."""
    bench.reader.answer = lambda name: UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE) if name == "org-7" else Status()
    await bench.pass_time(20)
    assert not bench.reader.suspects
    await bench.pass_time(40)
    assert bench.reader.suspects == {"org-7"}


async def test_draining_cancels_what_does_not_end_and_starts_nothing_more(bench: Bench) -> None:
    """No task is left."""
    bench.reader.hold = asyncio.Event()
    await bench.pass_time(10)
    assert bench.poller.under_way == 20
    await bench.poller.drain(grace=0.01)
    assert bench.poller.under_way == 0
    bench.reader.hold.set()
    await bench.pass_time(20)
    assert not bench.reader.asked
