"""When the server that lists organisations is asked, and what becomes of its answers on the way into the roster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from exporter.config.schema import Discovery as Settings
from exporter.model.conditions import SourceState
from exporter.model.facts import Organization, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, RosterSource, Sent
from exporter.observe.cadence import LONGEST_WAIT
from exporter.observe.discoverer import LONGEST_RETRY, Discoverer, next_ask
from exporter.observe.grace import HELD_FOR
from exporter.observe.phase import Grid, phase_of
from exporter.observe.roster import Filter, Roster
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.listing import Listing

URL = "https://app.example/sd"
REFRESH = 300.0
REFUSED = UpstreamFailure(
    Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail="the list cannot be used: not JSON"
)
DOWN = UpstreamFailure(Failure.NETWORK, Sent.NO, detail="no connection could be made")
FORBIDDEN = UpstreamFailure(Failure.AUTH, Sent.YES, http_status=401, detail="HTTP status 401")


@dataclass
class HandClock:
    """Moved by hand."""

    at: float = 1000.0

    def now(self) -> Moment:
        """The present."""
        return Moment(1_700_000_000.0 + self.at, self.at)


@dataclass
class Number:
    """Which token is in use."""

    number: int = 1


@dataclass
class Server:
    """Answers what it is told to."""

    answer: Listing | UpstreamFailure = DOWN
    asked: int = 0

    async def listing(self) -> Listing | UpstreamFailure:
        """The answer."""
        self.asked += 1
        return self.answer


@dataclass
class Room:
    """All that a test looks at."""

    clock: HandClock = field(default_factory=HandClock)
    token: Number = field(default_factory=Number)
    server: Server = field(default_factory=Server)
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=False))

    def __post_init__(self) -> None:
        self.roster = Roster(
            static=(Organization("static-1"),), file=None, admitted=Filter(), clock=self.clock, discovered=True
        )
        self.roster.load()
        self.discoverer = Discoverer(
            Settings.model_validate({"url": URL}),
            discovery=self.server,
            credential=self.token,
            roster=self.roster,
            changing=asyncio.Lock(),
            clock=self.clock,
            metrics=SelfMetrics(self.registry),
        )

    async def ask(self, answer: Listing | UpstreamFailure) -> None:
        """One ask, which is answered like this."""
        self.server.answer = answer
        await self.discoverer.ask()

    def due(self) -> bool:
        """Whether it is to be asked now."""
        return self.discoverer.due(self.clock.now())

    @property
    def source(self) -> SourceState:
        """How the source stands."""
        return self.roster.sources[-1]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one of our own series."""
        return self.registry.get_sample_value(f"xero_exporter_{name}", labels)


@pytest.fixture
def room() -> Room:
    """A server that was not asked yet."""
    return Room()


def listing(ids: Iterable[object], rejected: int = 0) -> Listing:
    """An answer that lists these."""
    return Listing(tuple(Organization(f"org-{one}") for one in ids), rejected)


async def test_the_first_ask_is_due_at_once_and_the_next_at_a_turn_that_survives_restarts(room: Room) -> None:
    """The phase is a hash of the address."""
    assert room.due()
    await room.ask(listing([1]))
    assert not room.due()
    turn = Grid.aligned(room.clock.now(), REFRESH).after(phase_of(URL), room.clock.at)
    room.clock.at = turn - 0.1
    assert not room.due()
    room.clock.at = turn
    assert room.due()


@pytest.mark.parametrize(
    ("loaded", "failures", "retry_after", "after"),
    [
        (False, 1, None, 1.0),
        (False, 2, None, 2.0),
        (False, 5, None, 16.0),
        (False, 6, None, LONGEST_RETRY),
        (False, 5000, None, LONGEST_RETRY),
        (False, 1, 90.0, 90.0),
        (False, 1, 1e9, LONGEST_WAIT),
        (False, 1, 0.5, 1.0),
        (True, 0, None, 100.0),
        (True, 1, None, 100.0),
        (True, 7, None, 100.0),
        (True, 1, 60.0, 100.0),
        (True, 1, 200.0, 200.0),
    ],
)
def test_it_is_asked_soon_while_it_never_answered_and_at_its_turn_afterwards(
    *, loaded: bool, failures: int, retry_after: float | None, after: float
) -> None:
    """And not before it wants to be, ten minutes at most."""
    grid = Grid(origin=0.0, interval=REFRESH)
    at = next_ask(grid, 1 / 3, 300.0, loaded=loaded, failures_in_row=failures, retry_after=retry_after)
    assert at == pytest.approx(300.0 + after)


def test_a_retry_is_never_later_than_the_refresh() -> None:
    """Who refreshes every two seconds does not wait half a minute at the start."""
    at = next_ask(Grid(0.0, 2.0), 0.0, 1.0, loaded=False, failures_in_row=9, retry_after=None)
    assert at == 3.0


async def test_until_it_answered_the_roster_waits_for_it_and_says_why(room: Room) -> None:
    """Those of the other sources are watched meanwhile."""
    assert room.roster.waits_for == "organizations.http: it has not answered yet"
    await room.ask(DOWN)
    assert room.roster.waits_for == "organizations.http: no answer: no connection could be made"
    assert [one.id for one in room.roster.organizations] == ["static-1"]
    assert room.source == SourceState(
        RosterSource.HTTP, 0, None, rejected=False, why="no answer: no connection could be made"
    )
    await room.ask(listing([]))
    assert room.roster.waits_for == ""
    assert room.source.why == ""


async def test_a_refused_answer_is_counted_and_explained_and_the_list_kept(room: Room) -> None:
    """And a good one afterwards makes it good."""
    await room.ask(listing(range(3)))
    read = room.source.last_success
    room.clock.at += 100
    await room.ask(REFUSED)
    assert len(room.roster.organizations) == 4
    assert room.source.rejected
    assert room.source.why == "its newest answer was refused: the list cannot be used: not JSON"
    assert room.source.last_success == read
    assert room.value("roster_rejected_total", source="http") == 1
    await room.ask(listing(range(4)))
    assert (room.source.rejected, room.source.why, room.source.organizations) == (False, "", 4)
    assert room.source.last_success == room.clock.now().wall


async def test_no_answer_is_no_refused_answer(room: Room) -> None:
    """The counter of requests tells it; the list is kept, and says why it is old."""
    await room.ask(listing(range(3)))
    await room.ask(DOWN)
    assert not room.source.rejected
    assert room.source.why == "no answer: no connection could be made"
    assert room.value("roster_rejected_total", source="http") == 0


async def test_a_held_answer_is_counted_and_explained_and_advances_no_freshness(room: Room) -> None:
    """Until an answer with everybody comes."""
    await room.ask(listing(range(10)))
    read = room.source.last_success
    for times in (1, 2):
        room.clock.at += 60
        await room.ask(listing(range(4)))
        assert room.value("discovery_answers_held_total") == times
    assert (room.source.held, room.source.organizations, room.source.last_success) == (True, 10, read)
    assert "misses 6 of 10 organisations" in room.source.why
    assert (room.value("discovery_held"), room.value("discovery_missing_organizations")) == (1, 6)
    await room.ask(DOWN)
    assert room.source.held, "no answer says nothing about the held ones"
    await room.ask(listing(range(10)))
    assert (room.source.held, room.source.why) == (False, "")
    assert (room.value("discovery_held"), room.value("discovery_missing_organizations")) == (0, 0)


async def test_a_server_that_comes_and_goes_does_not_have_its_empty_list_believed(room: Room) -> None:
    """The hour is one of such answers: one before an outage and one after it are not an hour of them."""
    await room.ask(listing(range(10)))
    await room.ask(listing([]))
    room.clock.at += HELD_FOR
    await room.ask(DOWN)
    room.clock.at += 60
    await room.ask(listing([]))
    assert room.source.held
    assert len(room.roster.organizations) == 11
    room.clock.at += HELD_FOR
    await room.ask(listing([]))
    assert len(room.roster.organizations) == 1


async def test_a_person_who_reloads_has_it_believed(room: Room) -> None:
    """At once, with gauges and all; and nothing happens when nothing is held."""
    await room.ask(listing(range(10)))
    await room.discoverer.believe()
    assert len(room.roster.organizations) == 11
    await room.ask(listing(range(4)))
    await room.discoverer.believe()
    assert len(room.roster.organizations) == 5
    assert not room.source.held
    assert (room.value("discovery_held"), room.value("discovery_missing_organizations")) == (0, 0)


async def test_bad_ids_are_counted_and_the_rest_is_taken(room: Room) -> None:
    """In each answer anew."""
    for _ in range(2):
        await room.ask(listing(range(3), rejected=2))
    assert room.value("discovery_ids_rejected_total") == 4
    assert len(room.roster.organizations) == 4


async def test_the_same_list_again_leaves_the_roster_the_same_object_and_makes_it_fresh(room: Room) -> None:
    """Ten thousand organisations are not sorted anew every five minutes for nothing."""
    await room.ask(listing(range(10)))
    before = room.roster.organizations
    room.clock.at += 60
    await room.ask(listing(range(10)))
    assert room.roster.organizations is before
    assert room.source.last_success == room.clock.now().wall


async def test_a_new_token_is_tried_at_once_when_the_old_one_was_refused(room: Room) -> None:
    """And only then."""
    await room.ask(listing([1]))
    room.token.number += 1
    assert not room.due()
    await room.ask(FORBIDDEN)
    assert not room.due()
    room.token.number += 1
    assert room.due()
    await room.ask(listing([1]))
    assert not room.due()
