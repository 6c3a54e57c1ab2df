"""What Prometheus would scrape from an exporter through a story, minute by minute, as series for promtool.

A small second exporter: it follows docs/metrics.md, not the code that makes the page, so that the rules are tested
against what is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeAlias

STALE_AFTER: Final = 300.0
CONNECTION: Final = frozenset({"disconnected", "token_expired", "unauthorized"})

Values: TypeAlias = list[float | None]
"""A value for each step of a story; None where a scrape had no sample."""


def _never(_organization: int, _minute: int) -> frozenset[str]:
    return frozenset()


def _always(_organization: int, _minute: int) -> bool:
    return True


def _nobody(_organization: int, _minute: int) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Town:
    """Organisations 1 to n, and what happens to them. Every function takes an organisation and a minute.

    Attributes:
        size: how many.
        before: organisations that another exporter watches: this one's begin after them.
        instance: the address of the exporter.
        target: whether Prometheus has that address to scrape at that minute.
        minutes: how long the story is.
        step: minutes between two scrapes.
        issues: what the platform's answer would lead to.
        answers: whether the platform answers.
        listed: whether it is on the roster.
        has_list: whether the exporter has read its list of organisations at that minute.
        never_connected: whether nobody connected it yet.
        synced: whether it ever synced.
        not_found: whether the platform does not know it.
        tells_not_found: whether what was known of those is still told, as it is until it is too old.
        up: whether the exporter answers at that minute.
        starts: minutes at which the exporter starts; 0 is one of them.
        failed: failed_syncs as the platform says.
        pending: pending_syncs as the platform says.
        expiry: minute at which the token expires, or None.
        reason: of the recent errors of whoever has a sync issue.
        doubts: why the exporter cannot say whether anything else is wrong.
        authorized: whether Xero's own list has it; None while that is not known.
        withdraws_after: seconds after which data is gone from the page; less than stale_after, as seen by a Prometheus
            whose clock is behind.
        bare: only what shares are made of, for towns of hundreds: no facts beside the issues.
        extra: further series, by their name with labels: a value for a minute.
    """

    size: int
    minutes: int
    step: int = 1
    before: int = 0
    instance: str = "a:9869"
    target: Callable[[int], bool] = lambda _minute: True
    issues: Callable[[int, int], frozenset[str]] = _never
    answers: Callable[[int, int], bool] = _always
    listed: Callable[[int, int], bool] = _always
    has_list: Callable[[int], bool] = lambda _minute: True
    never_connected: Callable[[int, int], bool] = _nobody
    synced: Callable[[int, int], bool] = _always
    not_found: Callable[[int, int], bool] = _nobody
    tells_not_found: bool = False
    up: Callable[[int], bool] = lambda _minute: True
    starts: Sequence[int] = (0,)
    failed: Callable[[int, int], float] = lambda _organization, _minute: 0
    pending: Callable[[int, int], float] = lambda _organization, _minute: 0
    expiry: Callable[[int, int], float | None] = lambda _organization, minute: minute + 30
    reason: str = ""
    doubts: Callable[[int, int], frozenset[str]] = _never
    authorized: Callable[[int, int], bool | None] = lambda _organization, _minute: None
    withdraws_after: float = STALE_AFTER
    bare: bool = False
    extra: dict[str, Callable[[int], float | None]] = field(default_factory=dict)

    def series(self) -> list[tuple[str, Values]]:
        """Every series with its values."""
        pages = [self._page(minute) for minute in range(0, self.minutes + 1, self.step)]
        names = dict.fromkeys(name for page in pages for name in page)
        return [(name, [page.get(name) for page in pages]) for name in names]

    def _page(self, minute: int) -> dict[str, float]:
        """The samples of one scrape."""
        if not self.target(minute):
            return {}
        up = {f'up{{job="xero", instance="{self.instance}"}}': float(self.up(minute))}
        return {**up, **(dict(self._samples(minute)) if self.up(minute) else {})}

    def _samples(self, minute: int) -> Iterator[tuple[str, float]]:
        rest = f'job="xero", instance="{self.instance}"'
        counts = dict.fromkeys(("fresh", "stale", "pending", "not_found"), 0)
        affected = {"connection": 0, "sync": 0}
        for one in self._watched(minute):
            of = f'{rest}, organization_id="org-{one}"'
            yield f"xero_organization_info{{{of}}}", 1
            missing = self.not_found(one, minute)
            success = self._last_success(one, minute)
            if not self.answers(one, minute) or missing:
                yield f'xero_poll_failure{{{of}, failure="{"not_found" if missing else "timeout"}"}}', 1
            if not self.bare:
                yield f"xero_poll_last_attempt_timestamp_seconds{{{of}}}", minute * 60
            if success is not None:
                yield f"xero_poll_last_success_timestamp_seconds{{{of}}}", success * 60
            fresh = success is not None and (minute - success) * 60 < self.withdraws_after
            counts["not_found" if missing else "fresh" if fresh else "stale" if success is not None else "pending"] += 1
            if fresh and success is not None and (not missing or self.tells_not_found):
                yield from self._data(one, success, of, dict(affected) if missing else affected)
        if self.has_list(minute):
            yield from ((f'xero_organizations{{{rest}, freshness="{word}"}}', n) for word, n in counts.items())
            yield from ((f'xero_organizations_affected{{{rest}, kind="{kind}"}}', n) for kind, n in affected.items())
        yield f"xero_exporter_stale_after_seconds{{{rest}}}", STALE_AFTER
        yield f"process_start_time_seconds{{{rest}}}", 60 * max(at for at in self.starts if at <= minute)
        for name, value in self.extra.items():
            now = value(minute)
            if now is not None:
                yield _labelled(name, rest), now

    def _watched(self, minute: int) -> list[int]:
        """The organisations on the list that the exporter has at that minute."""
        if not self.has_list(minute):
            return []
        return [one for one in range(self.before + 1, self.before + self.size + 1) if self.listed(one, minute)]

    def _data(self, one: int, at: int, of: str, affected: dict[str, int]) -> Iterator[tuple[str, float]]:
        """What the reading of minute `at` says."""
        listed = self.authorized(one, at)
        if listed is not None:
            yield f"xero_connection_authorized{{{of}}}", float(listed)
        if self.never_connected(one, at):
            yield f"xero_connected{{{of}}}", 0
            return
        issues = self.issues(one, at)
        if not self.bare:
            yield from self._facts(one, at, of, issues)
        shown = issues & CONNECTION or issues
        for issue in sorted(shown):
            yield f'xero_issue{{{of}, issue="{issue}"}}', 1
        for doubt in sorted(self.doubts(one, at)):
            yield f'xero_doubt{{{of}, doubt="{doubt}"}}', 1
        if shown and self.reason:
            yield f'xero_recent_errors{{{of}, sync_type="invoices", reason="{self.reason}"}}', 1
        for kind in ("connection", "sync"):
            affected[kind] += bool(shown) and (kind == "connection") == bool(shown & CONNECTION)

    def _facts(self, one: int, at: int, of: str, issues: frozenset[str]) -> Iterator[tuple[str, float]]:
        yield f"xero_connected{{{of}}}", float("disconnected" not in issues)
        if self.synced(one, at):
            yield f"xero_last_sync_timestamp_seconds{{{of}}}", (at if not issues else 0) * 60
        expiry = self.expiry(one, at)
        if expiry is not None:
            yield f"xero_token_expiry_timestamp_seconds{{{of}}}", expiry * 60
        yield f"xero_failed_syncs{{{of}}}", self.failed(one, at)
        yield f"xero_pending_syncs{{{of}}}", self.pending(one, at)

    def _last_success(self, one: int, minute: int) -> int | None:
        """The minute of the last success that the running exporter knows; it forgets at its start.

        An organisation is asked each minute, first in the minute after the start.
        """
        begun = max(at for at in self.starts if at <= minute)
        for at in range(minute, begun or -1, -1):
            if self.answers(one, at) and not self.not_found(one, at) and self.listed(one, at) and self.has_list(at):
                return at
        return None


@dataclass(frozen=True)
class Shards:
    """Several exporters under one job, each with a town of its own."""

    towns: tuple[Town, ...]

    @property
    def step(self) -> int:
        """Minutes between two scrapes."""
        return self.towns[0].step

    def series(self) -> list[tuple[str, Values]]:
        """Every series of every exporter."""
        return [one for town in self.towns for one in town.series()]


def _labelled(name: str, rest: str) -> str:
    """The name with the labels of the scrape in front of its own."""
    family, _, own = name.rstrip("}").partition("{")
    return f"{family}{{{', '.join(filter(None, (rest, own)))}}}"


def notation(values: Values) -> str:
    """Values in promtool's notation: runs of equal steps, ``stale`` where a series ends, ``_`` where there is none."""
    parts: list[str] = []
    for known, run in groupby(values, key=lambda value: value is not None):
        numbers = list(run)
        if known:
            parts += _runs([number for number in numbers if number is not None])
        elif not parts:
            parts.append(f"_x{len(numbers)}")
        else:
            parts.append("stale" if len(numbers) == 1 else f"stale _x{len(numbers) - 1}")
    return " ".join(parts)


def _runs(numbers: Sequence[float]) -> Iterator[str]:
    """``0+60x9`` for ten numbers that are 60 apart."""
    at = 0
    while at < len(numbers):
        end = at + 1
        step = numbers[end] - numbers[at] if end < len(numbers) else 0
        while end < len(numbers) and numbers[end] - numbers[end - 1] == step:
            end += 1
        yield f"{numbers[at]:.10g}{step:+.10g}x{end - at - 1}" if end - at > 1 else f"{numbers[at]:.10g}"
        at = end
