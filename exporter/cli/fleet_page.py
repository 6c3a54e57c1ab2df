"""The whole fleet on a terminal, as a running exporter tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exporter.cli.terminal import Page, length, page_says, seconds_of, since

_WELL: Final = "all_well"
_NOT_YET: Final = "starting"
_FRESH: Final = "fresh"
_FIFTH: Final = 5
_INCIDENT: Final[Mapping[object, str]] = {True: "yes", False: "no", None: "not known yet"}


def wrong_with(fleet: Mapping[str, Any]) -> bool | None:
    """Whether anything is wrong, by the verdict; None when there is none yet, and nobody has an issue either.

    None also while all is well by what was said before, and more than a fifth were not answered for just now.
    """
    verdict, asked, unanswered = (fleet.get(name) for name in ("verdict", "organizations", "unanswered"))
    if not isinstance(verdict, str) or verdict == _NOT_YET:
        return True if _issues(fleet) else None
    if verdict == _WELL and isinstance(asked, int) and isinstance(unanswered, int) and unanswered * _FIFTH > asked:
        return None
    return verdict != _WELL


def show_fleet(fleet: Mapping[str, Any], page: Page, now: float) -> None:
    """Writes the page. The document is of another process, so nothing in it is taken for granted."""
    wrong = wrong_with(fleet)
    style = {None: "bold yellow", True: "bold red", False: "bold green"}[wrong]
    page.title(f"{_count(fleet.get('organizations'))} organisations: {_text(fleet.get('verdict'))}", style)
    if fleet.get("verdict_means"):
        page.say(_text(fleet["verdict_means"]))
    if fleet.get("do_first"):
        page.say(f"First: {_text(fleet['do_first'])}")
    page.fact("as of", since(_instant(fleet.get("at")), now))
    page.fact("freshness", _counts(fleet.get("freshness")))
    page.heading("Did many turn bad together?")
    for kind, stands in _items(fleet.get("incidents")):
        page.fact(kind, _INCIDENT[stands if isinstance(stands, bool) else None], "bold red" if stands is True else "")
    _status_pages(fleet.get("xero"), page, now)
    page.heading("Organisations with an issue")
    issues = _issues(fleet)
    for name, count in issues.items():
        page.say(f"{_count(count)} x {name}")
    unread = _unread(fleet)
    if not issues:
        page.say("none of those that are fresh" if unread else "none")
    if unread:
        page.say(f"not known of {unread}", style="bold yellow")
    _worst(fleet.get("worst"), page, now)


def _issues(fleet: Mapping[str, Any]) -> dict[str, Any]:
    return {name: count for name, count in _items(fleet.get("issues")) if isinstance(count, int) and count}


def _unread(fleet: Mapping[str, Any]) -> str:
    """Of how many it is not known whether they have an issue: not fresh, or in doubt; empty when of none."""
    counts = [(name, count) for name, count in _items(fleet.get("freshness")) if name != _FRESH]
    counts.append(("in doubt", fleet.get("doubtful")))
    return ", ".join(f"{count} {name}" for name, count in counts if isinstance(count, int) and count)


def _status_pages(xero: object, page: Page, now: float) -> None:
    pages = xero.get("pages") if isinstance(xero, Mapping) else None
    rows = [one for one in pages if isinstance(one, Mapping)] if isinstance(pages, list) else []
    told = [page_says(_text(one.get("page")), _text(one.get("status")), _instant(one.get("read")), now) for one in rows]
    page.facts("status pages", told or ["not read"])


def _worst(worst: object, page: Page, now: float) -> None:
    rows = [one for one in worst if isinstance(one, Mapping)] if isinstance(worst, list) else []
    if not rows:
        return
    page.heading("The worst first; `diagnose ORG` explains one")
    for row in rows:
        issues, reasons = _listed(row.get("issues")), _listed(row.get("reasons"))
        why = f" ({reasons})" if reasons not in {"", issues} else ""
        began = seconds_of(_instant(row.get("since")))
        lasts = "" if began is None else f", for {length(max(0.0, now - began))}"
        page.say(f"{_text(row.get('id'))}: {issues}{why}{lasts}")


def _items(value: object) -> list[tuple[str, Any]]:
    return [(_text(name), one) for name, one in value.items()] if isinstance(value, Mapping) else []


def _counts(value: object) -> str:
    return ", ".join(f"{_count(count)} {name}" for name, count in _items(value)) or "not said"


def _listed(value: object) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list) else ""


def _count(value: object) -> str:
    return str(value) if isinstance(value, int) else "?"


def _text(value: object) -> str:
    return value if isinstance(value, str) else "not said"


def _instant(value: object) -> str | None:
    return value if isinstance(value, str) else None
