"""What is concluded of all organisations together: whether many turned bad at once, and one word for it. Pure.

An incident is a rise, not a level: a fleet in which one in ten customers has had a wrong tax rate for a year has no
incident. What the level was can be known only by having watched, so after a start most of it is unknown for a while,
and unknown is told as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.model.judgement import FleetJudgement, Shares, Surroundings, Tally
from exporter.model.words import IncidentKind, ServiceStatus, Verdict

RISE: Final = 0.05
"""By how much the share of affected organisations must lie above its least."""

RISE_ORGANIZATIONS: Final = 5
"""How many organisations that must be at least: one of ten customers is no incident."""

LOOK_BACK: Final = 6 * 3600.0
"""Seconds for which the least share is remembered."""

WARM_UP: Final = 1800.0
"""Seconds after the first share in which nothing is concluded: fleets read for the first time look like anything."""

GRAIN: Final = 60.0
"""Seconds that are remembered as one: the least of each."""

ENOUGH_FRESH: Final = 0.8
"""Share of the known organisations that must be fresh for shares to mean anything."""

APP_REFUSALS: Final = 3
"""Organisations whose errors must say that Xero refuses the platform's app; all, if fewer are known."""

_BROKEN: Final = frozenset({ServiceStatus.MAJOR, ServiceStatus.CRITICAL})
_EPSILON: Final = 1e-9  # 0.15 - 0.10 is more than 0.05 in floats, and is not here


def judge_fleet(before: FleetJudgement, tally: Tally, surroundings: Surroundings, now: float) -> FleetJudgement:
    """The judgement at `now`, monotonic seconds.

    Args:
        before: the last judgement.
        tally: the organisations, counted.
        surroundings: what else is known.
        now: the present.
    """
    judged = tally.fresh > 0 and tally.fresh >= ENOUGH_FRESH * tally.known
    shares = _with_share(before.shares, tally, now) if judged else before.shares
    incidents = {kind: _incident(shares, tally, kind, now) if judged else None for kind in IncidentKind}
    app_refused = surroundings.app_refused or _app_refused(tally)
    return FleetJudgement(
        verdict=_verdict(tally, incidents, surroundings, app_refused=app_refused),
        incidents=incidents,
        app_refused=app_refused,
        shares=shares,
    )


def _with_share(shares: Shares, tally: Tally, now: float) -> Shares:
    """The memory with the shares of now: the least of each `GRAIN`, and only those that can still become the least."""
    forgotten = shares.began is None or now - shares.last >= LOOK_BACK
    missed = forgotten or now - shares.last > WARM_UP
    return Shares(
        began=now if forgotten else shares.began,
        unbroken=now if missed else shares.unbroken,
        last=now,
        least={kind: _pushed(shares.least[kind], now, _share(tally, kind)) for kind in IncidentKind},
    )


def _pushed(least: tuple[tuple[float, float], ...], now: float, share: float) -> tuple[tuple[float, float], ...]:
    if least and least[-1][1] <= share and now - least[-1][0] < GRAIN and least[0][0] > now - LOOK_BACK:
        return least
    kept = tuple(one for one in least if one[0] > now - LOOK_BACK and one[1] < share)
    return (*kept, (now, share))


def _incident(shares: Shares, tally: Tally, kind: IncidentKind, now: float) -> bool | None:
    """Whether the share rose from its least.

    True is concluded from the least that was seen: a longer memory could only hold a lesser one. False needs the
    whole `LOOK_BACK`, or a share that is no rise even from nothing: after a start, or a long outage of the platform,
    in the middle of an incident, the least that was seen is the incident itself.
    """
    if shares.began is None or now - shares.began < WARM_UP:
        return None
    least = shares.least[kind][0][1]
    if _risen(tally, kind, least):
        return True
    whole = now - shares.unbroken >= LOOK_BACK
    return False if whole or not _risen(tally, kind, 0.0) else None


def _risen(tally: Tally, kind: IncidentKind, least: float) -> bool:
    rise = _share(tally, kind) - least
    return rise > RISE + _EPSILON and rise * tally.fresh >= RISE_ORGANIZATIONS - _EPSILON


def _share(tally: Tally, kind: IncidentKind) -> float:
    return tally.affected[kind] / tally.fresh


def _app_refused(tally: Tally) -> bool:
    return tally.app_refused >= max(1, min(APP_REFUSALS, tally.known))


def _verdict(
    tally: Tally, incidents: Mapping[IncidentKind, bool | None], surroundings: Surroundings, *, app_refused: bool
) -> Verdict:
    """The first that holds, in the order of `Verdict`."""
    standing = [kind for kind, stands in incidents.items() if stands]
    holds = {
        Verdict.STARTING: not surroundings.started,
        Verdict.PLATFORM_CREDENTIAL: surroundings.credential_refused,
        Verdict.PLATFORM_API: tally.fresh < ENOUGH_FRESH * tally.known,
        Verdict.XERO_APP: app_refused,
        Verdict.XERO: bool(standing) and (_pages_say_broken(surroundings) or _unavailable(tally, standing)),
        Verdict.INCIDENT: bool(standing),
        Verdict.CUSTOMERS: tally.with_issue > 0,
    }
    return next((verdict for verdict, does in holds.items() if does), Verdict.ALL_WELL)


def _pages_say_broken(surroundings: Surroundings) -> bool:
    return any(status in _BROKEN for _, status in surroundings.pages)


def _unavailable(tally: Tally, standing: list[IncidentKind]) -> bool:
    """Whether half of those that an incident affects have an error by which Xero was unavailable."""
    return any(2 * tally.unavailable[kind] >= tally.affected[kind] for kind in standing)
