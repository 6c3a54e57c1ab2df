"""The alerts about the exporter, and the way from it to the platform."""

from __future__ import annotations

from typing import Final

from alerts.entries import Alert, Group, Record, Scope, Severity, Team
from alerts.queries import JOB, POLLING_STALE, TELLING_ON, UNLISTED, UP, heartbeat, joined
from alerts.thresholds import Thresholds, duration

DASHBOARD: Final = "/d/xero-exporter?var-job={{ $labels.job }}"
WATCHDOG: Final = "XeroWatchdog"
"""Fires always: where it does not, rules do not run, or nothing is told of what they find."""
OTHERS: Final = ("xero-organizations", "xero-fleet", "xero-remediation")
"""The groups beside this one, which the watchdog stands in."""
ORGANIZATIONS: Final = "job:xero_organizations_listed:count"
FAILURES: Final = "server_error|timeout|network|unexpected_status|invalid_response|auth"


def exporters(limits: Thresholds) -> Group:
    """The group: blindness first, then what is on the way to it."""
    return Group(
        "xero-exporter",
        "The exporter itself, and the way from it to the platform: is it us?",
        (*_blindness(limits), *_platform(limits), *_roster(limits), *_own(limits)),
    )


def _alert(
    name: str, expr: str, hold: float, summary: str, description: str, *, severity: Severity = Severity.WARNING
) -> Alert:
    return Alert(
        name=name,
        expr=expr,
        hold=hold,
        severity=severity,
        scope=Scope.EXPORTER,
        team=Team.PLATFORM,
        summary=summary,
        description=description,
        dashboard=DASHBOARD,
    )


def _blindness(limits: Thresholds) -> tuple[Alert, ...]:
    return (
        Alert(
            name=WATCHDOG,
            expr=joined("vector(1)", *(f"and on () {heartbeat(group)}" for group in OTHERS)),
            hold=0,
            severity=Severity.NONE,
            scope=Scope.EXPORTER,
            team=Team.PLATFORM,
            summary="Always fires: whoever no longer receives it knows that alerts no longer arrive.",
            description="Every group of rules is evaluated, and the way from Prometheus to whoever is called works.",
            dashboard="/d/xero-exporter",
        ),
        _alert(
            "XeroExporterDown",
            f"{UP} == 0",
            limits.exporter_for,
            "Prometheus cannot scrape the exporter: nothing is known of its organisations.",
            "{{ $labels.instance }} has not answered for minutes.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroExporterAbsent",
            f"absent({UP})",
            limits.exporter_for,
            "Prometheus has no exporter to scrape: nothing is known of any organisation.",
            f"No target of the job {JOB} is left in Prometheus.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroRosterMissing",
            UNLISTED,
            limits.polling_for,
            "An exporter has not read its list of organisations since its start: nothing is known of any of them.",
            "{{ $labels.instance }} answers, and watches nobody.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroShardMissing",
            joined(
                f"count by (job) ({UP}) < max_over_time({TELLING_ON}[{duration(limits.yesterday_seconds)}])",
                f"and on (job) {ORGANIZATIONS} < max_over_time({ORGANIZATIONS}[{duration(limits.yesterday_seconds)}])",
            ),
            limits.polling_for,
            "One of several exporters is scraped no more: nothing is known of its organisations.",
            "{{ $value }} targets are left.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroPollingStale",
            POLLING_STALE,
            limits.polling_for,
            "Too little fresh is known of the organisations to judge the fleet.",
            "Only {{ $value | humanizePercentage }} of the organisations have a fresh reading.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroPlatformAuthFailing",
            "min by (job) (xero_exporter_platform_auth_ok == 0)",
            limits.exporter_for,
            "The platform refuses the exporter's token: nobody is asked.",
            "All readings are held until the token is replaced; one probe goes out every 30 s.",
            severity=Severity.CRITICAL,
        ),
    )


def _platform(limits: Thresholds) -> tuple[Alert, ...]:
    window = duration(limits.window_seconds)
    limited = (
        "sum by (job) (increase(xero_exporter_request_failures_total"
        f'{{upstream="memberpulse", failure="rate_limited"}}[{window}]))'
    )
    asked = f'sum by (job) (increase(xero_exporter_requests_total{{upstream="memberpulse"}}[{window}]))'
    overruns = f"sum by (job) (increase(xero_exporter_poll_overruns_total[{window}]))"
    failing = f'count by (job) (xero_poll_failure{{failure=~"{FAILURES}"}})'
    return (
        _alert(
            "XeroPlatformErrors",
            joined(
                f"{failing} / on (job) sum by (job) (xero_organizations) > {limits.failing_share}",
                f"and on (job) {failing} >= {limits.few}",
            ),
            limits.ticket_for,
            "The platform fails to answer for many organisations.",
            "The last reading of {{ $value | humanizePercentage }} of the organisations failed.",
        ),
        _alert(
            "XeroPlatformRateLimited",
            joined(
                f"{limited} / on (job) ({asked} > 0) > {limits.rate_limited_share}",
                f"and on (job) {limited} >= {limits.few}",
            ),
            limits.ticket_for,
            "The platform refuses readings because there are too many.",
            "{{ $value | humanizePercentage }} of the requests were refused with 429.",
        ),
        _alert(
            "XeroPollOverrun",
            joined(
                f"{overruns} / on (job) ({asked} > 0) > {limits.overrun_share}",
                f"and on (job) {overruns} >= {limits.few}",
            ),
            limits.ticket_for,
            "Readings take longer than the interval between them.",
            "{{ $value | humanizePercentage }} of the readings were still under way when the next was due.",
        ),
        _alert(
            "XeroClockSkew",
            joined(
                "max by (job) (abs(xero_exporter_platform_clock_skew_seconds))",
                f"  > {limits.clock_skew:g}",
            ),
            limits.ticket_for,
            "The clocks of the platform and of the exporter differ: nothing is concluded from instants.",
            "They differ by {{ $value | humanizeDuration }}.",
        ),
    )


def _roster(limits: Thresholds) -> tuple[Record | Alert, ...]:
    day = duration(limits.yesterday_seconds)
    most = f"max_over_time({ORGANIZATIONS}[{day}])"
    return (
        Record(
            ORGANIZATIONS,
            joined(
                "count by (job) (count by (job, organization_id) (xero_organization_info))",
                "or 0 * sum by (job) (xero_organizations)",
            ),
            "Organisations on the roster; each once, however many exporters watch it, as while one moves.",
        ),
        _alert(
            "XeroOrganizationsVanished",
            joined(
                f"{ORGANIZATIONS} < {limits.vanished} * {most}",
                f"and on (job) {most} - {ORGANIZATIONS} >= {limits.few}",
            ),
            limits.ticket_for,
            "Far fewer organisations are watched than a day ago.",
            "{{ $value }} are left.",
        ),
        _alert(
            "XeroRosterShrunk",
            "max by (job) (xero_exporter_discovery_held == 1)",
            limits.ticket_for,
            "The list of organisations dropped so many at once that it is not believed.",
            "Answers of organizations.http are held; those that they drop are watched all the same.",
        ),
        _alert(
            "XeroRosterStale",
            joined(
                'time() - min by (job) (xero_exporter_roster_last_success_timestamp_seconds{source="http"})',
                f"  > {limits.roster_age_seconds:g}",
            ),
            limits.ticket_for,
            "The server that lists the organisations has not answered for long.",
            "The list is {{ $value | humanizeDuration }} old; new organisations are not watched.",
        ),
        _alert(
            "XeroRosterRejected",
            "min by (job, source) (xero_exporter_roster_readable == 0)",
            0,
            "A list of organisations could not be read: the last good one is kept.",
            "The source is {{ $labels.source }}.",
        ),
        _alert(
            "XeroShardMismatch",
            "count by (job) (count by (job, organization_id) (xero_organization_info) > 1)",
            limits.ticket_for,
            "Several exporters watch the same organisations: the fleet's counts are too high.",
            "{{ $value }} organisations are told by more than one exporter.",
        ),
    )


def _own(limits: Thresholds) -> tuple[Alert, ...]:
    restarts = f'changes(process_start_time_seconds{{job="{JOB}"}}[{duration(limits.restarts_seconds)}])'
    return (
        _alert(
            "XeroExporterRestarting",
            f"max by (job, instance) ({restarts}) > {limits.restarts}",
            0,
            "An exporter starts again and again: no incident is ever judged, and no page for the fleet comes.",
            "{{ $labels.instance }} started {{ $value }} times within an hour.",
            severity=Severity.CRITICAL,
        ),
        _alert(
            "XeroConfigReloadFailed",
            "min by (job) (xero_exporter_config_last_reload_successful == 0)",
            limits.exporter_for,
            "The exporter's configuration was changed and cannot be used: the last good one is in force.",
            "xero-exporter check-config tells what is wrong with it.",
        ),
        _alert(
            "XeroTokenFileUnreadable",
            "min by (job, token) (xero_exporter_token_file_readable == 0)",
            limits.exporter_for,
            "A token file of the exporter cannot be read: the last good token is kept until a restart.",
            "The token is {{ $labels.token }}.",
        ),
    )
