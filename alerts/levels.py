"""The two service levels, their error ratios over windows, and the alerts on how fast their budgets burn."""

from __future__ import annotations

from typing import Final

from alerts.entries import Alert, Record, Scope, Severity, Team
from alerts.queries import AFFECTED, FRESH_COUNT, KNOWN_COUNT, joined
from alerts.thresholds import Thresholds, duration

DASHBOARD: Final = "/d/xero-fleet?var-job={{ $labels.job }}"

SYNC: Final = "job:xero_sync_freshness"
COVERAGE: Final = "job:xero_monitoring_coverage"


def _windows(limits: Thresholds) -> dict[str, float]:
    """The name of each window in series, unscaled, and its length."""
    return {
        "5m": limits.w5m_seconds,
        "30m": limits.w30m_seconds,
        "1h": limits.w1h_seconds,
        "2h": limits.w2h_seconds,
        "6h": limits.w6h_seconds,
        "1d": limits.w1d_seconds,
        "3d": limits.w3d_seconds,
    }


def burn_records(limits: Thresholds) -> tuple[Record, ...]:
    """How many count, how many of them are bad, and the ratio over each window."""
    return (
        Record(
            f"{SYNC}_total:count",
            joined(FRESH_COUNT, f'  - on (job) max by (job) ({AFFECTED}{{kind="connection"}})'),
            "Service level, sync freshness: fresh, connected organisations without an issue of their connection",
        ),
        Record(
            f"{SYNC}_bad:count",
            f'max by (job) ({AFFECTED}{{kind="sync"}})',
            f"of which a sync fails or is stale. Target {limits.sync_target:.1%}.",
        ),
        Record(
            f"{COVERAGE}_total:count",
            KNOWN_COUNT,
            "Service level, monitoring coverage: organisations that are known and were connected once",
        ),
        Record(
            f"{COVERAGE}_bad:count",
            f"{KNOWN_COUNT} - {FRESH_COUNT}",
            f"of which nothing fresh is known. Target {limits.coverage_target:.1%}.",
        ),
        *(
            Record(
                f"{level}_errors:ratio_{name}",
                joined(
                    f"sum_over_time({level}_bad:count[{duration(length)}])",
                    f"  / (sum_over_time({level}_total:count[{duration(length)}]) > 0)",
                ),
                "",
            )
            for level in (SYNC, COVERAGE)
            for name, length in _windows(limits).items()
            if level is SYNC or name in {"2h", "6h", "1d", "3d"}
        ),
    )


def _burns(level: str, windows: tuple[str, str], rate: float, target: float) -> str:
    line = f"{rate * (1 - target):.6g}"
    long, short = (f"{level}_errors:ratio_{window} > {line}" for window in windows)
    return f"({long} and {short})"


def burn_alerts(limits: Thresholds) -> tuple[Alert, ...]:
    """A page where the budget of 30 days is gone within days, a ticket where it will not last."""
    target = limits.sync_target
    few = f"{SYNC}_bad:count >= {limits.few}"
    now = f"{SYNC}_bad:count > {limits.page_slow * (1 - target):.6g} * {SYNC}_total:count"
    return (
        Alert(
            name="XeroSyncFreshnessBurnFast",
            expr=joined(
                "(",
                f"  {_burns(SYNC, ('1h', '5m'), limits.page_fast, target)}",
                f"  or {_burns(SYNC, ('6h', '30m'), limits.page_slow, target)}",
                ")",
                f"and {few}",
                # Without this it would outlive an incident by half an hour, and page after the recovery.
                f"and {now}",
            ),
            hold=limits.burn_for,
            severity=Severity.CRITICAL,
            scope=Scope.FLEET,
            team=Team.PLATFORM,
            summary="So many organisations fail to sync that the month's error budget is gone within days.",
            description="{{ $value | humanizePercentage }} of the connected organisations failed to sync over the "
            "window that tripped.",
            dashboard=DASHBOARD,
        ),
        Alert(
            name="XeroSyncFreshnessBurnSlow",
            expr=joined(
                "(",
                f"  {_burns(SYNC, ('1d', '2h'), limits.ticket_fast, target)}",
                f"  or {_burns(SYNC, ('3d', '6h'), limits.ticket_slow, target)}",
                ")",
                f"and {few}",
            ),
            hold=limits.slow_for,
            severity=Severity.WARNING,
            scope=Scope.FLEET,
            team=Team.PLATFORM,
            summary="More organisations fail to sync than the month's error budget allows.",
            description="{{ $value | humanizePercentage }} of the connected organisations failed to sync over the "
            "window that tripped.",
            dashboard=DASHBOARD,
        ),
        Alert(
            name="XeroMonitoringCoverageBurn",
            expr=joined(
                "(",
                f"  {_burns(COVERAGE, ('1d', '2h'), limits.ticket_fast, limits.coverage_target)}",
                f"  or {_burns(COVERAGE, ('3d', '6h'), limits.ticket_slow, limits.coverage_target)}",
                ")",
                f"and {COVERAGE}_bad:count >= {limits.few}",
            ),
            hold=limits.slow_for,
            severity=Severity.WARNING,
            scope=Scope.EXPORTER,
            team=Team.PLATFORM,
            summary="Of more organisations than the month's error budget allows nothing fresh is known.",
            description="{{ $value | humanizePercentage }} of the organisations were not answered for over the window "
            "that tripped.",
            dashboard="/d/xero-exporter?var-job={{ $labels.job }}",
        ),
    )
