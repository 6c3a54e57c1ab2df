"""Which organisations a person is shown, in which order, and how much that costs."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest
from starlette.datastructures import QueryParams

from exporter.expose.ordering import Order, ordered
from exporter.model.facts import BLOCK_SIZE, Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.judgement import WELL, ActiveIssue, Because, Diagnosis
from exporter.model.moment import Moment
from exporter.model.words import Freshness, Issue
from exporter.observe.tally import tally_of
from exporter.web.pages.organizations import ROWS, Wanted, listed, wanted_of
from exporter.web.pages.rendering import NOBODY, rendered
from exporter.web.problems import ProblemError

NOW = Moment(1_700_000_000.0, 5.0)


def state(name: str, issue: Issue | None = None, since: float = 0, answered: float | None = 0) -> OrganizationState:
    """One organisation; without an answer it is pending."""
    diagnosis = WELL if issue is None else Diagnosis(issues=(ActiveIssue(issue, NOW.wall - since, Because.ERROR),))
    moment = None if answered is None else Moment(NOW.wall - answered, NOW.monotonic - answered)
    return OrganizationState(
        Organization(name),
        NOW,
        Freshness.PENDING if answered is None else Freshness.FRESH,
        last_success=moment,
        status=None if answered is None else Status(connected=True),
        diagnosis=diagnosis,
    )


FEW = (
    state("well", answered=5),
    state("old", Issue.SYNC_STALE, since=900),
    state("unread", answered=None),
    state("new", Issue.SYNC_STALE, since=10),
    state("cut", Issue.DISCONNECTED, since=100, answered=90),
)


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (Order.WORST, ["cut", "old", "new", "unread", "well"]),
        (Order.NEWEST, ["new", "cut", "old", "unread", "well"]),
        (Order.ANSWERED, ["unread", "cut", "well", "new", "old"]),
        (Order.ID, ["cut", "new", "old", "unread", "well"]),
    ],
)
def test_organisations_come_in_the_order_that_is_asked_for(order: Order, ids: list[str]) -> None:
    """Who is not known comes before who is well; and pages follow one another without a gap."""
    assert [one.organization.id for one in ordered(FEW, order, skip=0, limit=9)] == ids
    assert [one.organization.id for one in ordered(FEW, order, skip=2, limit=2)] == ids[2:4]


def test_an_address_leads_to_what_it_was_made_of() -> None:
    """Every filter, the order and the page; what is not given stands in no address."""
    wanted = wanted_of(QueryParams("search=a%26b&issue=disconnected&reason=&freshness=fresh&sort=id&page=3"))
    assert wanted.at(7) == "/organizations?search=a%26b&issue=disconnected&freshness=fresh&sort=id&page=7"
    assert wanted_of(QueryParams(wanted.at(3).partition("?")[2])) == wanted
    assert Wanted().at(1) == "/organizations"


@pytest.mark.parametrize(
    "query", ["issue=none", "page=0", "page=x", "page=" + "9" * 9, "limit=1", "sort=id&sort=id", "search=" + "x" * 201]
)
def test_what_cannot_be_asked_is_refused(query: str) -> None:
    """A filter that is silently ignored would show what nobody asked for."""
    with pytest.raises(ProblemError) as refused:
        wanted_of(QueryParams(query))
    assert refused.value.status == 400


def fleet(size: int) -> Snapshot:
    """A fleet of which every fifth has an issue."""
    states = [
        state(f"org-{index:05}", Issue.SYNC_STALE if index % 5 == 0 else None, since=index) for index in range(size)
    ]
    groups = [tuple(states[begin : begin + BLOCK_SIZE]) for begin in range(0, size, BLOCK_SIZE)]
    return Snapshot(
        blocks=tuple(Block(group, math.inf, tally_of(group)) for group in groups),
        places={one.organization.id: divmod(index, BLOCK_SIZE) for index, one in enumerate(states)},
        at=NOW,
        counts=dict.fromkeys(Freshness, 0),
    )


def test_a_page_beyond_the_last_one_is_the_last_one() -> None:
    """The list got shorter while somebody looked."""
    found = listed(fleet(120), replace(Wanted(), page=99), names=False)
    assert (found["page"], found["pages"], found["first"], found["last"]) == (3, 3, 101, 120)


def test_a_page_of_a_large_fleet_costs_a_few_times_that_of_a_small_one() -> None:
    """The rows are most of it: 10,000 organisations may cost at most eight times what one full page of them does."""
    small, large = fleet(ROWS), fleet(10_000)

    def cost(snapshot: Snapshot) -> float:
        taken = []
        for _ in range(7):
            begun = time.process_time()
            rendered("organizations.html", NOBODY, "1", listed(snapshot, Wanted(), names=False))
            taken.append(time.process_time() - begun)
        return min(taken)

    cost(small)
    assert cost(large) < 8 * cost(small)
