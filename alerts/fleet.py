"""What is recorded of all organisations together, and the alerts about them: pages."""

from __future__ import annotations

from textwrap import indent
from typing import Final

from alerts.entries import Alert, Group, Record, Scope, Severity, Team
from alerts.levels import burn_alerts, burn_records
from alerts.queries import (
    AFFECTED,
    AFFECTED_RATIO,
    AT_MOST_RATIO,
    DOUBTED,
    EACH,
    FRESH,
    FRESH_COUNT,
    FRESH_RATIO,
    INCIDENT,
    ISSUE,
    KNOWN_COUNT,
    LASTING,
    NEVER_CONNECTED,
    POLLING_STALE,
    TELLING,
    TELLING_ON,
    joined,
)
from alerts.thresholds import Thresholds, duration

DASHBOARD: Final = "/d/xero-fleet?var-job={{ $labels.job }}"
UNAVAILABLE: Final = "job:xero_organizations_unavailable:count"
PENDING_SYNCS: Final = "job:xero_pending_syncs:sum"


def fleet(limits: Thresholds) -> Group:
    """The group: counts, then what rose, then alerts on it."""
    return Group(
        "xero-fleet",
        "All organisations together: is it many at once?",
        (
            *_counts(limits),
            *_incidents(limits),
            *burn_records(limits),
            *_incident_alerts(limits),
            *burn_alerts(limits),
            _backlog(limits),
        ),
    )


def _counts(limits: Thresholds) -> tuple[Record, ...]:
    return (
        Record(
            KNOWN_COUNT,
            joined(
                "count by (job) (",
                "  max by (job, organization_id) (xero_organization_info)",
                f'    unless {EACH} xero_poll_failure{{failure="not_found"}}',
                f"    unless {EACH} {NEVER_CONNECTED}",
                ")",
                "or 0 * sum by (job) (xero_organizations)",
            ),
            "Organisations on the roster, without those that the platform does not know and those never connected.",
        ),
        Record(
            FRESH_COUNT,
            joined(
                f"count by (job) ({FRESH} unless {EACH} {NEVER_CONNECTED})",
                "or 0 * sum by (job) (xero_organizations)",
            ),
            "Of these, the ones with a reading that is not too old. A count of nothing would be nothing, not 0.",
        ),
        Record(FRESH_RATIO, f"{FRESH_COUNT} / ({KNOWN_COUNT} > 0)", "Absent where nobody is known."),
        Record(
            POLLING_STALE,
            joined(
                f"{FRESH_RATIO} < {limits.enough_fresh}",
                "and on (job) (",
                f"  {KNOWN_COUNT} - {FRESH_COUNT} >= {limits.few}",
                f"  or {FRESH_COUNT} == 0",
                ")",
            ),
            "Too little is known to judge the fleet: many are not answered for, or nobody is.",
        ),
        Record(
            UNAVAILABLE,
            joined(
                'count by (job) (count by (job, organization_id) (xero_recent_errors{reason="xero_unavailable"}))',
                f"or 0 * {KNOWN_COUNT}",
            ),
            "Organisations with a recent error by which Xero was unavailable.",
        ),
        Record(
            PENDING_SYNCS,
            "sum by (job) (max by (job, organization_id) (xero_pending_syncs)) "
            f"and on (job) {FRESH_RATIO} >= {limits.enough_fresh}",
            "Syncs that wait, while enough is known for a sum to mean anything.",
        ),
    )


def _incidents(limits: Thresholds) -> tuple[Record, ...]:
    back = duration(limits.look_back_seconds)
    shard = duration(limits.shard_seconds)
    return (
        Record(
            AFFECTED,
            joined(
                _of_kind("connection", f'{ISSUE}{{issue=~"{_CONNECTION}"}}'),
                "or " + _of_kind("sync", f'{ISSUE}{{issue!~"{_CONNECTION}"}}'),
                "or 0 * max by (job, kind) (xero_organizations_affected)",
            ),
            "Fresh organisations that are affected, by kind; each once, however many exporters watch it.",
        ),
        Record(
            AFFECTED_RATIO,
            joined(
                f"{AFFECTED} / on (job) group_left () ({FRESH_COUNT} > 0)",
                f"and on (job) {FRESH_RATIO} >= {limits.enough_fresh}",
                f"unless on (job) (time() - max by (job) (process_start_time_seconds) < {limits.warm_up_seconds:g})",
                f"unless on (job) {TELLING} > {TELLING_ON}",
                f"unless on (job) {TELLING} < max_over_time({TELLING_ON}[{shard}])",
            ),
            "Share of the fresh organisations that is affected, by kind. Absent, and not 0, while too little is known\n"
            "and just after a start: a 0 would make everything afterwards a rise. Absent too just after another\n"
            f"exporter came, and for {shard} after one went: the share of those that are left is another one.",
        ),
        Record(
            AT_MOST_RATIO,
            joined(
                "(",
                f"  {AFFECTED_RATIO} + on (job) group_left ()",
                "    (",
                "      count by (job) (",
                "        max by (job, organization_id) (xero_doubt)",
                f"          unless {EACH} {ISSUE}",
                "      )",
                f"      / ({FRESH_COUNT} > 0)",
                "    )",
                f"  or {AFFECTED_RATIO}",
                ")",
                f'* on (job) group_left (exporters) count_values by (job) ("exporters", {TELLING})',
            ),
            "The same with all that are in doubt: neither their going nor their return is a rise. By the number of\n"
            "exporters that tell: what a part of them saw is no least of what all see, nor the other way round.",
        ),
        Record(
            INCIDENT,
            joined(
                _risen(limits, limits.look_back_seconds),
                *_standing(INCIDENT, limits, limits.look_back_seconds),
                *_unseen_since(INCIDENT, back),
            ),
            f"An incident: the share lies more than {limits.rise:.0%} and at least {limits.few} organisations above\n"
            f"its least of the last {back}; a standing one stays while it still does with all that are in doubt, and\n"
            f"while the share is unknown, for {back} at most.\n"
            f"It ends with recovery, and by itself after {back}: a fleet that is broken for months has no incident.",
        ),
        Record(
            LASTING,
            joined(
                f'{INCIDENT}{{kind="connection"}}',
                *_standing(LASTING, limits, limits.lasting_seconds),
                *_unseen_since(LASTING, back),
            ),
            "An incident of the connection for as long as the share lies as far above its least of the last\n"
            f"{duration(limits.lasting_seconds)}: whose connection is lost is outside the error budget, and so no burn "
            "rate\ngoes on paging for it.",
        ),
    )


_CONNECTION: Final = "disconnected|token_expired|unauthorized"


def _of_kind(kind: str, issues: str) -> str:
    each = f"count by (job) (count by (job, organization_id) ({issues}))"
    return f'label_replace({each}, "kind", "{kind}", "", "")'


def _rise(seconds: float, share: str) -> str:
    """By how much the share lies above its least of that long, with as many exporters as tell now."""
    least = f"min_over_time({AT_MOST_RATIO}[{duration(seconds)}]) and {AT_MOST_RATIO}"
    return f"({share} - on (job, kind) group_left () max by (job, kind) ({least}))"


def _risen(limits: Thresholds, seconds: float, share: str = AFFECTED_RATIO) -> str:
    """The shares that lie far enough above their least of that long."""
    rise = _rise(seconds, share)
    return joined(
        "(",
        f"  {rise}",
        f"    > {limits.rise}",
        ")",
        # 4.999: a rise of 5 organisations comes out as 4.999999999999999 from some shares.
        "and (",
        f"  {rise}",
        f"    * on (job) group_left () {FRESH_COUNT} > {limits.few - 0.001}",
        ")",
    )


def _standing(record: str, limits: Thresholds, seconds: float) -> tuple[str, ...]:
    """What stood stays while the share, with those in doubt, lies as far above: they may be affected as they were."""
    at_most = _risen(limits, seconds, f"max by (job, kind) ({AT_MOST_RATIO})")
    return ("or (", f"  {record} and on (job, kind) (", indent(at_most, "    "), "  )", ")")


def _unseen_since(record: str, back: str) -> tuple[str, ...]:
    """What stood stays while the share is unknown, but for no longer than that."""
    return (
        "or (",
        f"  {record} unless on (job, kind) {AFFECTED_RATIO}",
        f"  and on (job, kind) max_over_time({AFFECTED_RATIO}[{back}])",
        ")",
    )


def _page(name: str, expr: str, hold: float, summary: str, description: str) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        hold=hold,
        severity=Severity.CRITICAL,
        scope=Scope.FLEET,
        team=Team.PLATFORM,
        summary=summary,
        description=description,
        dashboard=DASHBOARD,
    )


def _incident_alerts(limits: Thresholds) -> tuple[Alert, ...]:
    broken = 'max by (job) (xero_service_status{status=~"major|critical"} == 1)'
    return (
        _page(
            "XeroAppCredentials",
            "max by (job) (xero_app_credentials_rejected == 1)",
            limits.app_credentials_for,
            "Xero refuses the platform's own app: no organisation can renew its authorisation.",
            "Xero refuses the client id or secret of the platform's app. This is ours, not the customers'.",
        ),
        _page(
            "XeroOutage",
            joined(
                f"max by (job) ({INCIDENT})",
                "and on (job) (",
                f"  {broken}",
                f"  or ({UNAVAILABLE} >= {limits.few} and {UNAVAILABLE} "
                f"> {limits.xero_unavailable_share} * {FRESH_COUNT})",
                ")",
            ),
            limits.outage_for,
            "Xero is down: many organisations turned bad together, and Xero or its errors say why.",
            "{{ $value | humanizePercentage }} more of the organisations are affected than at best in the last hours.",
        ),
        _page(
            "XeroMassDisconnect",
            f"max by (job) ({LASTING})",
            limits.incident_for,
            "Many organisations lost their connection to Xero together.",
            "{{ $value | humanizePercentage }} more of the organisations have lost their connection than at best in "
            "the last hours.",
        ),
        _page(
            "XeroFleetSyncFailing",
            f'max by (job) ({INCIDENT}{{kind="sync"}})',
            limits.incident_for,
            "The syncs of many organisations began to fail together.",
            "{{ $value | humanizePercentage }} more of the organisations fail to sync than at best in the last hours.",
        ),
        Alert(
            name="XeroFleetInDoubt",
            expr=joined(
                "count by (job) (",
                f"  max by (job, organization_id) ({DOUBTED})",
                f"    unless {EACH} {ISSUE}",
                ")",
                f"/ ({FRESH_COUNT} > 0)",
                f"  > {1 - limits.enough_fresh:.10g}",
            ),
            hold=limits.organization_for,
            severity=Severity.WARNING,
            scope=Scope.FLEET,
            team=Team.PLATFORM,
            summary="Of too many organisations nobody can say whether they are well, although the platform answers.",
            description="{{ $value | humanizePercentage }} are in doubt: their tickets stay, none opens, and no "
            "incident of theirs would be seen.",
            dashboard=DASHBOARD,
        ),
        Alert(
            name="XeroStatusPage",
            expr=broken,
            hold=limits.incident_for,
            severity=Severity.INFO,
            scope=Scope.FLEET,
            team=Team.PLATFORM,
            summary="Xero's status page tells of a major or critical disruption.",
            description="This is what the page says; whether our organisations are affected is another alert.",
            dashboard=DASHBOARD,
        ),
    )


def _backlog(limits: Thresholds) -> Alert:
    around = duration(limits.around_seconds)
    offset = duration(limits.yesterday_seconds - limits.around_seconds / 2)
    yesterday = f"max_over_time({PENDING_SYNCS}[{around}] offset {offset})"
    return Alert(
        name="XeroSyncBacklogGrowing",
        expr=joined(
            f"{PENDING_SYNCS} > {limits.backlog_growth:g} * {yesterday}",
            f"and on (job) {PENDING_SYNCS} - {yesterday} >= {limits.backlog_least}",
        ),
        hold=limits.slow_for,
        severity=Severity.WARNING,
        scope=Scope.FLEET,
        team=Team.PLATFORM,
        summary="Far more syncs wait than at this time yesterday.",
        description="{{ $value }} syncs wait.",
        dashboard=DASHBOARD,
    )
