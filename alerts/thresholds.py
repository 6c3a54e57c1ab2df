"""Every number of the rules, once. Durations are seconds; `Thresholds.scaled` divides all of them alike."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0


def duration(seconds: float) -> str:
    """Seconds as Prometheus writes durations: ``30m``, ``1d``, ``1h30m``, ``500ms``; at least a millisecond."""
    left = max(1, round(seconds * 1000)) if seconds else 0
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the rules draw their lines. Fields that end in ``_seconds`` or ``_for`` are durations, and are scaled."""

    interval_seconds: float = 30.0
    """Between two evaluations."""

    # ---- Incidents: as in the exporter's own judgement (`exporter.observe.incidents`).
    enough_fresh: float = 0.8
    """Share of the known organisations that must be fresh for shares to mean anything."""
    rise: float = 0.05
    """By how much the share of affected organisations must lie above its least."""
    few: int = 5
    """Organisations that a fleet-wide alert must concern: one of three is a ticket, not a page."""
    look_back_seconds: float = 6 * HOUR
    """For how long the least share is remembered."""
    warm_up_seconds: float = 15 * MINUTE
    """After a start of an exporter, what is concluded from remembered readings comes back little by little. For as long
    nothing is concluded from another exporter, which may be the same one at its next address."""
    lasting_seconds: float = 1 * DAY
    """For how long a page that came stays while the share lies above its least of that long: connection issues are
    outside the error budget, so no burn rate goes on paging for them."""
    shard_seconds: float = 1 * HOUR
    """For how long one of several exporters may be away before the others are judged alone."""
    xero_unavailable_share: float = 0.02
    """Share of the fresh organisations whose errors must say that Xero is unavailable."""

    # ---- How long a state must last. Fleet before organisation, the named cause before the unnamed one.
    app_credentials_for: float = 2 * MINUTE
    outage_for: float = 3 * MINUTE
    incident_for: float = 5 * MINUTE
    burn_for: float = 6 * MINUTE
    """Longer than an incident's: where many failed before, an outage empties the budget at once, and its own page,
    which names the cause and silences this one, must come first."""
    organization_for: float = 30 * MINUTE
    failed_records_for: float = 24 * HOUR
    organization_poll_for: float = 1 * HOUR
    exporter_for: float = 5 * MINUTE
    polling_for: float = 10 * MINUTE
    slow_for: float = 1 * HOUR
    ticket_for: float = 15 * MINUTE

    # ---- The exporter and the way to the platform.
    nearly_stale: float = 0.8
    """Share of stale_after from which an organisation counts as not answered, so that a clock of Prometheus that is a
    little behind, or a scrape that is a little early, leaves no gap between an issue and its hold. Readings come
    every third of stale_after at least."""
    failing_share: float = 0.1
    """Share of the known organisations that the platform must fail to answer for."""
    rate_limited_share: float = 0.01
    """Share of requests that the platform must refuse with 429."""
    overrun_share: float = 0.01
    """Readings that were still under way when the next was due, as a share of the requests."""
    window_seconds: float = 30 * MINUTE
    """Over which failures and overruns are counted."""
    restarts: int = 3
    """Starts within an hour that a person at work may cause; each keeps incidents from being judged for a while."""
    restarts_seconds: float = 1 * HOUR
    vanished: float = 0.8
    """Share of the most organisations of the last day that must be left."""
    roster_age_seconds: float = 1 * HOUR
    """Age of the last good answer of organizations.http."""
    clock_skew: float = 120.0
    """Seconds between the platform's clock and ours; not scaled: it is no duration of ours."""

    # ---- Remediation.
    helpless_share: float = 0.5
    """Share of the actions of a day that did not help."""
    helpless: int = 3
    """How many that must be at least: one of one is one customer's."""
    rejected_seconds: float = 10 * MINUTE
    """Alertmanager posts again each five minutes what was refused, so each window of that length has one."""
    paused_seconds: float = 8 * HOUR
    """A pause that is longer than a working day was forgotten."""

    # ---- Backlog and opt-in.
    backlog_growth: float = 2.0
    """How many times yesterday's waiting syncs."""
    backlog_least: int = 100
    """Waiting syncs more than yesterday that there must be."""
    yesterday_seconds: float = 1 * DAY
    around_seconds: float = 2 * HOUR
    """Yesterday is the most of that long around the same time."""
    token_ahead_seconds: float = 7 * DAY

    # ---- Service levels.
    sync_target: float = 0.99
    coverage_target: float = 0.995
    page_fast: float = 14.4
    page_slow: float = 6.0
    ticket_fast: float = 3.0
    ticket_slow: float = 1.0
    w5m_seconds: float = 5 * MINUTE
    w30m_seconds: float = 30 * MINUTE
    w1h_seconds: float = 1 * HOUR
    w2h_seconds: float = 2 * HOUR
    w6h_seconds: float = 6 * HOUR
    w1d_seconds: float = 1 * DAY
    w3d_seconds: float = 3 * DAY

    def scaled(self, scale: float) -> Thresholds:
        """These with all durations divided by `scale`: a real Prometheus cannot be hurried, its rules can."""
        timed = [one.name for one in fields(self) if one.name.endswith(("_seconds", "_for"))]
        return replace(self, **{name: getattr(self, name) / scale for name in timed})


SHIPPED: Final = Thresholds()
"""What the committed rules are made of."""
