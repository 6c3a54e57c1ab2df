"""The alerts about remediation: tickets for whoever runs it. None of them asks for a remedy.

They are for the modes in which calls are made. A dry run sends nothing, so nothing of it is anybody's trouble but that
the alerts do not arrive; and where the mode is off nobody looks at the ledger.
"""

from __future__ import annotations

from typing import Final

from alerts.entries import Alert, Group, Record, Scope, Severity, Team
from alerts.queries import INCIDENT, JOB, UP, either, firing, joined
from alerts.thresholds import Thresholds, duration

DASHBOARD: Final = "/d/xero-remediation?var-job={{ $labels.job }}"
ACTING: Final = "job:xero_remediation_acting:max"
UNTOLD: Final = "job:xero_remediation_untold:max"

_MODE: Final = "xero_exporter_remediation_mode"
_ACTS: Final = f"and on (job) {ACTING}"
_IS_ON: Final = f'unless on (job) max by (job) ({_MODE}{{mode="off"}} == 1)'


def remediation(limits: Thresholds) -> Group:
    """The group: whether calls are made, and whether anybody can tell; then what a person has to look at."""
    return Group(
        "xero-remediation",
        "What the exporter does to the platform, and why it does not: does a person have to look?",
        (*_records(), *_outcomes(limits), *_holds(limits), *_ways(limits)),
    )


def _records() -> tuple[Record, ...]:
    return (
        Record(
            ACTING, f'max by (job) ({_MODE}{{mode=~"approve|auto"}} == 1)', "The mode is one in which calls are made."
        ),
        Record(
            UNTOLD,
            either(
                f"{ACTING} unless on (job) max by (job) (xero_exporter_remediation_ledger_up == 1)",
                f"count by (job) ({UP} == 0)",
                f'absent({_MODE}{{job="{JOB}"}})',
            ),
            "Nobody can tell how remediation stands: the ledger cannot be read or was not looked at yet, or an\n"
            "exporter is away. Absent is not mended.",
        ),
    )


def _alert(name: str, wrong: str, hold: float, summary: str, description: str, *, where: str = _ACTS) -> Alert:
    """An alert that opens only where `where` says, and stays as it is while nobody can tell."""
    return Alert(
        name=name,
        expr=either(
            joined(wrong, f"  {where}"),
            joined(f"max by (job) ({firing(name)})", f"  and on (job) {UNTOLD}"),
        ),
        hold=hold,
        severity=Severity.WARNING,
        scope=Scope.EXPORTER,
        team=Team.PLATFORM,
        summary=summary,
        description=description,
        dashboard=DASHBOARD,
    )


def _entered(states: str, window: str) -> str:
    """Actions that came into one of these states, by whichever exporter of the ledger counted the most."""
    counted = f'increase(xero_exporter_remediation_transitions_total{{state=~"{states}"}}[{window}])'
    return f"max by (job) (sum by (job, instance) ({counted}))"


def _outcomes(limits: Thresholds) -> tuple[Alert, ...]:
    day = duration(limits.yesterday_seconds)
    helpless = _entered("ineffective|failed|exhausted", day)
    ended = _entered("verified|ineffective|failed|exhausted", day)
    return (
        _alert(
            "XeroRemediationExhausted",
            f"{_entered('exhausted', day)} > 0",
            0,
            "All attempts for an organisation were made, and none helped: a person has to look.",
            "The exporter does nothing more about that issue; remediate list --state exhausted tells whose it is.",
        ),
        _alert(
            "XeroRemediationUnknownOutcome",
            'max by (job) (xero_exporter_remediation_actions{state="unknown"}) > 0',
            limits.exporter_for,
            "Nobody knows whether the platform took a call in, and no reading has shown it for minutes.",
            "The call is never sent again by itself; remediate list --state unknown tells for whom it was.",
        ),
        _alert(
            "XeroRemediationIneffective",
            joined(
                f"{helpless}",
                f"  / ({ended} > 0) > {limits.helpless_share}",
                # 0.5 less: what increases by 3 in a window comes out as 2.99 from some samples.
                f"and {helpless} > {limits.helpless - 0.5}",
            ),
            limits.ticket_for,
            "Most of the remedies of a day did not help.",
            "What is called is of no use to most of those it is called for: policy or platform must change.",
        ),
    )


def _holds(limits: Thresholds) -> tuple[Alert, ...]:
    storm = 'max by (job) (xero_exporter_remediation_held_actions{hold="storm"}) > 0'
    return (
        _alert(
            "XeroRemediationStormHold",
            joined(
                "(",
                f"  {storm}",
                # An incident has a page of its own, and is what this hold is for.
                f"  unless on (job) ({INCIDENT} unless on (job) {firing('XeroRemediationStormHold')})",
                ")",
            ),
            limits.slow_for,
            "Remedies wait because too many organisations are unhealthy, and it is no incident.",
            "Nothing is done automatically until fewer are, or remediation.storm allows more.",
        ),
        _alert(
            "XeroRemediationBreakerOpen",
            "max by (job) (xero_exporter_remediation_breaker_open) == 1",
            limits.exporter_for,
            "Several remedies in a row did not help: no more are made but one at a time, hours apart.",
            "The breaker closes when one action is verified.",
        ),
        _alert(
            "XeroRemediationApprovalWaiting",
            'max by (job) (xero_exporter_remediation_actions{state="awaiting_approval"}) > 0',
            limits.ticket_for,
            "Remedies wait for a person to say yes or no, and expire.",
            "remediate list --state awaiting_approval tells which.",
        ),
        _alert(
            "XeroRemediationPausedTooLong",
            joined(
                "time() - min by (job) (xero_exporter_remediation_paused_since_timestamp_seconds)",
                f"  > {limits.paused_seconds:g}",
            ),
            0,
            "A person paused remediation many hours ago, and nobody resumed it.",
            "Nothing is done until somebody resumes it.",
        ),
    )


def _ways(limits: Thresholds) -> tuple[Alert, ...]:
    window = duration(limits.rejected_seconds)
    rejected = f'increase(xero_exporter_remediation_webhook_requests_total{{code!="202"}}[{window}])'
    return (
        # A ticket and no page: without a ledger nothing is done, but organisations are polled, told and alerted on as
        # before, and Alertmanager sends again what is not recorded. What waits are remedies, which a person can make.
        _alert(
            "XeroRemediationLedgerDown",
            "min by (job) (xero_exporter_remediation_ledger_up) == 0",
            limits.exporter_for,
            "The ledger cannot be used: nothing is done or recorded. Polling goes on.",
            "The exporter's log says why; it tries again each second.",
        ),
        _alert(
            "XeroRemediationWebhookRejected",
            f"max by (job) (sum by (job, instance) ({rejected})) > 0",
            limits.ticket_for,
            "Alerts that ask for a remedy are not taken in: each post of Alertmanager is refused, or some are.",
            "xero_exporter_remediation_webhook_requests_total tells with which answer.",
            where=_IS_ON,
        ),
    )
