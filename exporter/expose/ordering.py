"""The orders in which a person looks through organisations. Pure."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

from exporter.expose.organizations_document import since_of
from exporter.model.facts import OrganizationState
from exporter.model.judgement import CONNECTION_ISSUES
from exporter.model.words import Freshness

_Key: TypeAlias = Callable[[OrganizationState], tuple[float, float, str]]


FEW: Final = 8
"""Up to which part of all it is cheaper to pick the first ones than to sort."""


class Order(StrEnum):
    """What comes first."""

    WORST = "worst"
    """Issues of the connection, then other issues, the oldest first; then those of which nothing is known."""
    NEWEST = "newest"
    """Whose issue began last."""
    ANSWERED = "answered"
    """Who answered longest ago, or never."""
    ID = "id"
    """The least id."""


def ordered(states: Sequence[OrganizationState], order: Order, *, skip: int, limit: int) -> list[OrganizationState]:
    """Those that come after the first `skip` ones, at most `limit`.

    Args:
        states: all of them, in any order.
        order: what comes first; where that is the same for two, the lesser id does.
        skip: how many stand on the pages before, at least 0.
        limit: how many to give, at least 1.
    """
    wanted = skip + limit
    # The first page of 10,000 costs 3 ms less than sorting; the last ones cost 30 more.
    if wanted * FEW < len(states):
        return heapq.nsmallest(wanted, states, key=_KEYS[order])[skip:]
    return sorted(states, key=_KEYS[order])[skip:wanted]


def gravity(state: OrganizationState) -> tuple[float, float, str]:
    """Sorts the worst first: nothing syncs without a connection, and who waits longest has the most to catch up."""
    issues = state.diagnosis.issues
    if issues:
        connection = issues[0].issue in CONNECTION_ISSUES
        return (0 if connection else 1), since_of(state.diagnosis) or 0.0, state.organization.id
    known = state.freshness is Freshness.FRESH and not state.diagnosis.doubts
    return (3 if known else 2), 0.0, state.organization.id


def _newest(state: OrganizationState) -> tuple[float, float, str]:
    since = since_of(state.diagnosis)
    return (1 if since is None else 0), -(since or 0.0), state.organization.id


def _answered(state: OrganizationState) -> tuple[float, float, str]:
    return (-math.inf if state.last_success is None else state.last_success.wall), 0.0, state.organization.id


def _id(state: OrganizationState) -> tuple[float, float, str]:
    return 0.0, 0.0, state.organization.id


_KEYS: Final[Mapping[Order, _Key]] = {
    Order.WORST: gravity,
    Order.NEWEST: _newest,
    Order.ANSWERED: _answered,
    Order.ID: _id,
}
