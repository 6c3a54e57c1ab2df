"""The page that lists organisations: search, filters, order, paging."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from exporter.expose.ordering import Order, ordered
from exporter.expose.organizations_document import organization_row, organizations_matching
from exporter.model.facts import Snapshot
from exporter.model.words import Failure, Freshness, Issue, Reason
from exporter.web.pages.query import given_in, word_in
from exporter.web.pages.refusing import as_page
from exporter.web.pages.rendering import answered, caller_of, rendered
from exporter.web.problems import ProblemError, bad_parameters
from exporter.web.site import site_of

ROWS: Final = 50
"""Organisations on one page."""

MAX_SEARCH: Final = 200
"""Longest text to search for, in characters; an organization_id has at most 128."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which organisations are asked for, and from where on.

    Attributes:
        search: only those whose id (or name, where shown) contains this; empty: all.
        issue, reason, freshness, failure: only those; None: all.
        sort: what comes first.
        page: which page, from 1.
    """

    search: str = ""
    issue: Issue | None = None
    reason: Reason | None = None
    freshness: Freshness | None = None
    failure: Failure | None = None
    sort: Order = Order.WORST
    page: int = 1

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.issue or self.reason or self.freshness or self.failure)

    def at(self, page: int) -> str:
        """The address of another page of the same list."""
        parts = {
            "search": self.search,
            "issue": self.issue,
            "reason": self.reason,
            "freshness": self.freshness,
            "failure": self.failure,
            "sort": None if self.sort is Order.WORST else self.sort,
            "page": None if page == 1 else page,
        }
        given = {name: str(value) for name, value in parts.items() if value}
        return f"/organizations?{urlencode(given)}" if given else "/organizations"


@as_page
async def organizations(request: Request) -> Response:
    """The organisations that are asked for, `ROWS` at a time."""
    site = site_of(request)
    wanted = wanted_of(request.query_params)
    snapshot = site.snapshot()
    context = listed(snapshot, wanted, names=site.organization_names)
    page = rendered("organizations.html", caller_of(request, site), site.version, context)
    return answered(request, page, None if snapshot is None else snapshot.at.wall)


def listed(snapshot: Snapshot | None, wanted: Wanted, *, names: bool) -> dict[str, object]:
    """What the page shows.

    Args:
        snapshot: what is known; None: nothing yet.
        wanted: which organisations; a page beyond the last one is the last one.
        names: whether names may be shown, and searched in.
    """
    found = (
        ()
        if snapshot is None
        else organizations_matching(
            snapshot,
            names=names,
            issue=wanted.issue,
            reason=wanted.reason,
            freshness=wanted.freshness,
            failure=wanted.failure,
            search=wanted.search,
        )
    )
    pages = max(1, -(-len(found) // ROWS))
    page = min(wanted.page, pages)
    first = (page - 1) * ROWS
    rows = [organization_row(one, names=names) for one in ordered(found, wanted.sort, skip=first, limit=ROWS)]
    return {
        "known": snapshot is not None,
        "wanted": wanted,
        "names": names,
        "rows_shown": rows,
        "first": first + 1,
        "last": first + len(rows),
        "total": len(found),
        "all": 0 if snapshot is None else len(snapshot),
        "page": page,
        "pages": pages,
        "before": wanted.at(page - 1) if page > 1 else None,
        "after": wanted.at(page + 1) if page < pages else None,
        "choices": {
            "issue": tuple(Issue),
            "reason": tuple(Reason),
            "freshness": tuple(Freshness),
            "failure": tuple(Failure),
        },
        "orders": _ORDERS,
    }


_ORDERS: Final = {
    Order.WORST: "the worst first",
    Order.NEWEST: "the newest issue first",
    Order.ANSWERED: "who answered longest ago",
    Order.ID: "by id",
}


def wanted_of(query: QueryParams) -> Wanted:
    """What a query asks for; an empty value is none, as a form sends it.

    Raises:
        ProblemError: 400, a parameter is unknown, given twice, or has a value that it cannot have.
    """
    given = given_in(query, Wanted.__dataclass_fields__)
    search = given.get("search", "")
    if len(search) > MAX_SEARCH:
        raise bad_parameters([f"`search` must have at most {MAX_SEARCH} characters"])
    return Wanted(
        search=search,
        issue=word_in(Issue, "issue", given),
        reason=word_in(Reason, "reason", given),
        freshness=word_in(Freshness, "freshness", given),
        failure=word_in(Failure, "failure", given),
        sort=word_in(Order, "sort", given) or Order.WORST,
        page=_number(given.get("page", "1")),
    )


def _number(text: str) -> int:
    if len(text) > len("100000") or not (text.isascii() and text.isdigit()) or not int(text):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "`page` must be a whole number, from 1")
    return int(text)
