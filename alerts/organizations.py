"""What is recorded of each organisation, and the alerts about one of them: tickets for whoever can mend it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from types import MappingProxyType
from typing import Final

from alerts.entries import Alert, Group, Record, Scope, Severity, Team
from alerts.queries import (
    DOUBTED,
    EACH,
    ENDING,
    FAILED,
    FRESH,
    INCIDENT,
    ISSUE,
    NEVER_CONNECTED,
    OUT_OF_SIGHT,
    POLLING_STALE,
    TELLING,
    TELLING_ON,
    UNKNOWN,
    UNLISTED,
    UNSEEN,
    UP,
    either,
    firing,
    gated,
    held,
    joined,
)
from alerts.thresholds import Thresholds, duration

DASHBOARD: Final = "/d/xero-organization?var-job={{ $labels.job }}&var-organization_id={{ $labels.organization_id }}"
_WHO: Final = "Organization {{ $labels.organization_id }}: "
HELD_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "disconnected": ("connection_not_said", "syncs_not_said", "status_word", "errors_unread"),
        "token_expired": ("connection_not_said", "errors_unread"),
        "unauthorized": ("list_unread", "connection_not_said", "errors_unread"),
        "contacts_failing": ("syncs_not_said", "status_word", "errors_unread"),
        "invoices_failing": ("syncs_not_said", "status_word", "errors_unread"),
        "reconciliation_failing": ("syncs_not_said", "status_word", "errors_unread"),
        "sync_failing": ("syncs_not_said", "status_word", "unexplained", "errors_unread"),
        "sync_stale": ("sync_ahead",),
    }
)
"""Issue -> the doubts while which nobody can say whether it is there: they hold its ticket."""


def organizations(limits: Thresholds) -> Group:
    """The group: what is fresh and what is not comes first, so that alerts see it as of their own instant."""
    return Group(
        "xero-organizations",
        "One organisation. Each alert fires on fresh readings only, opens nothing during an incident of the fleet\n"
        f"({INCIDENT}, of the group xero-fleet), and stays open while nothing is known.",
        (*_records(limits), *_issues(limits), _failed_records(limits), _poll_stale(limits)),
    )


def _records(limits: Thresholds) -> tuple[Record, ...]:
    not_found = 'xero_poll_failure{failure="not_found"}'
    return (
        Record(
            FRESH,
            joined(
                "min by (job, organization_id) (",
                "  time() - xero_poll_last_success_timestamp_seconds",
                "    < on (job) group_left () max by (job) (xero_exporter_stale_after_seconds)",
                ")",
                f"unless {EACH} {not_found}",
            ),
            "Age of the last reading, of organisations whose reading is not too old.",
        ),
        Record(
            UNKNOWN,
            joined(
                "max by (job, organization_id) (",
                "  xero_organization_info",
                f"    unless {EACH} (",
                f"      {FRESH}",
                f"        < on (job) group_left () ({limits.nearly_stale} * max by (job) "
                "(xero_exporter_stale_after_seconds))",
                "    )",
                f"    unless {EACH} {not_found}",
                ")",
            ),
            "Organisations on the roster that were not answered for lately. Begins a little before their data is\n"
            "withdrawn, so that no alert resolves in between.",
        ),
        Record(
            NEVER_CONNECTED,
            joined(
                "max by (job, organization_id) (",
                "  (xero_connected == 0) + 1",
                f"    unless {EACH} xero_issue",
                ")",
                f"or ({NEVER_CONNECTED} and {EACH} {UNKNOWN})",
            ),
            "Organisations that nobody ever connected, as far as known: outside every share. Whoever was connected\n"
            "once and is not has an issue.",
        ),
        Record(
            ISSUE,
            joined("max by (job, organization_id, issue) (xero_issue)", f"  and {EACH} {FRESH}"),
            "What is wrong, of organisations whose reading is not too old.",
        ),
        Record(
            DOUBTED,
            joined(
                "(",
                indent(
                    either(
                        "max by (job, organization_id, doubt) (xero_doubt)",
                        _unlisted("xero_connection_authorized == 0"),
                        joined(
                            _unlisted(firing("XeroUnauthorized")),
                            'and on (job) xero_exporter_token_file_readable{token="xero"}',
                            "unless on (job) xero_exporter_xero_connections_last_success_timestamp_seconds",
                        ),
                    ),
                    "  ",
                ),
                ")",
                f"and {EACH} {FRESH}",
                f'unless {EACH} {ISSUE}{{issue=~"disconnected|token_expired"}}',
                f"unless {EACH} {NEVER_CONNECTED}",
            ),
            "Why nobody can say whether an issue is there, of organisations whose reading is not too old: what it was\n"
            "concluded from is lost. The platform leaves it out, or says it in a word that is new; Xero's list cannot\n"
            "be read any more, was asked for before the platform was, as after a start, or was not read since it.\n"
            "What another issue hides is not in doubt.",
        ),
        Record(
            FAILED,
            joined(
                "max by (job, organization_id) (xero_failed_syncs > 0)",
                f"  and {EACH} {FRESH}",
                f"  unless {EACH} {ISSUE}",
            ),
            "Failed records of the same, where no issue with a ticket of its own tells of them.",
        ),
        Record(
            TELLING,
            "count by (job) (count by (job, instance) (xero_organizations))",
            "Exporters that tell of their organisations.",
        ),
        Record(
            TELLING_ON,
            f"min_over_time({TELLING}[{duration(limits.warm_up_seconds)}])",
            "The same, without those that came only just now: one that moves is two for a moment.",
        ),
        Record(
            UNSEEN,
            joined(
                f"count by (job) ({UP} == 0)",
                "or count by (job) (",
                f"  {UNLISTED}",
                ")",
                f"or {TELLING} < max_over_time({TELLING_ON}[{duration(limits.yesterday_seconds)}])",
                f"or absent({UP})",
            ),
            "An exporter is away, has not read its list of organisations yet, or is scraped no more since less than a\n"
            "day: absent is not mended.",
        ),
        Record(
            OUT_OF_SIGHT,
            joined(
                'max by (job, organization_id) (ALERTS{alertstate="firing", scope="organization"})',
                f"  and on (job) {UNSEEN}",
                f"  unless {EACH} {FRESH}",
            ),
            "Organisations with a ticket, of which no exporter tells meanwhile. Once for all alerts: to ask\n"
            "10,000 series in each took most of the time.",
        ),
    )


def _unlisted(whose: str) -> str:
    return f'label_replace(max by (job, organization_id) ({whose}), "doubt", "list_unread", "", "")'


def _doubted(issue: str) -> str:
    """Matchers of the doubts that hold the ticket of an issue."""
    doubts = HELD_BY[issue]
    return f'doubt="{doubts[0]}"' if len(doubts) == 1 else f'doubt=~"{"|".join(doubts)}"'


def _issues(limits: Thresholds) -> tuple[Alert, ...]:
    def about(name: str, issue: str, team: Team, summary: str, what: str, *, remediation: bool = False) -> Alert:
        return Alert(
            name=name,
            expr=gated(
                name,
                f'max by (job, organization_id) ({ISSUE}{{issue="{issue}"}})',
                _doubted(issue),
            ),
            hold=limits.organization_for,
            severity=Severity.WARNING,
            scope=Scope.ORGANIZATION,
            team=team,
            summary=summary,
            description=_WHO + what,
            dashboard=DASHBOARD,
            remediation=remediation,
            issue=issue,
        )

    return (
        about(
            "XeroDisconnected",
            "disconnected",
            Team.CUSTOMER_SUCCESS,
            "A customer's organisation is disconnected from Xero.",
            "nothing syncs until somebody at the customer connects it again.",
        ),
        about(
            "XeroTokenExpired",
            "token_expired",
            Team.CUSTOMER_SUCCESS,
            "The Xero authorisation of a customer's organisation has expired.",
            "nothing syncs until somebody at the customer authorises it again.",
        ),
        about(
            "XeroUnauthorized",
            "unauthorized",
            Team.CUSTOMER_SUCCESS,
            "The platform takes an organisation for connected, and Xero does not.",
            "Xero does not list it, or refuses its scope or permission.",
        ),
        about(
            "XeroContactsNotSyncing",
            "contacts_failing",
            Team.SUPPORT,
            "Contacts of an organisation do not reach Xero.",
            "its contacts fail to sync.",
            remediation=True,
        ),
        about(
            "XeroInvoicesFailing",
            "invoices_failing",
            Team.FINANCE_SUPPORT,
            "Invoices of an organisation do not reach Xero.",
            "its invoices fail to sync.",
            remediation=True,
        ),
        about(
            "XeroReconciliationFailing",
            "reconciliation_failing",
            Team.FINANCE_SUPPORT,
            "Payments of an organisation cannot be reconciled with Xero.",
            "its payments or bank transactions fail to sync.",
            remediation=True,
        ),
        about(
            "XeroSyncFailing",
            "sync_failing",
            Team.SUPPORT,
            "The platform says that an organisation's syncs fail, and no known error explains it.",
            "its syncs fail without a reason that is recognised.",
            remediation=True,
        ),
        about(
            "XeroSyncStale",
            "sync_stale",
            Team.PLATFORM,
            "An organisation's syncs wait, and none has run for more than a day.",
            "its last sync is too old.",
            remediation=True,
        ),
    )


def _failed_records(limits: Thresholds) -> Alert:
    name = "XeroFailedRecords"
    return Alert(
        name=name,
        expr=gated(name, FAILED),
        hold=limits.failed_records_for,
        severity=Severity.INFO,
        scope=Scope.ORGANIZATION,
        team=Team.SUPPORT,
        summary="An organisation has had failed records for a day, and no other issue.",
        description=_WHO + "the platform has counted failed records for a day; syncing itself may be in order.",
        dashboard=DASHBOARD,
    )


def _poll_stale(limits: Thresholds) -> Alert:
    name = "XeroOrganizationPollStale"
    return Alert(
        name=name,
        expr=either(
            f"{UNKNOWN} unless on (job) {POLLING_STALE}",
            f"{UNKNOWN} and {EACH} {firing(name)}",
            held(name)[1],
        ),
        hold=limits.organization_poll_for,
        severity=Severity.WARNING,
        scope=Scope.ORGANIZATION,
        team=Team.PLATFORM,
        summary="The platform has not answered for an organisation for an hour.",
        description=_WHO + "nothing is known of it; the failure of its readings is in xero_poll_failure.",
        dashboard=DASHBOARD,
    )


def token_expiring(limits: Thresholds) -> Group:
    """The opt-in group: a warning before the authorisation ends."""
    name = "XeroTokenExpiring"
    ahead, day = duration(limits.token_ahead_seconds), duration(limits.yesterday_seconds)
    expiry = "xero_token_expiry_timestamp_seconds"
    then = f"max by (job, organization_id) ({expiry} offset {day})"
    wrong = joined(
        f"(max by (job, organization_id) ({expiry}) > time())",
        f"  < time() + {limits.token_ahead_seconds:.10g}",
        "and (",
        f"  max by (job, organization_id) ({expiry})",
        f"    == {then}",
        f"  or {ENDING}",
        f"    unless {EACH} {then}",
        ")",
        f"and {EACH} {FRESH}",
    )
    return Group(
        "xero-token-expiring",
        f"An expiry less than {ahead} ahead that has not moved for {day}: where the platform stores the expiry of\n"
        "access tokens, which live for 30 minutes, it is always near and always moves, and this stays silent. Where\n"
        f"nobody knows what it was {day} ago, what fires goes on.",
        (
            Record(ENDING, wrong, "An authorisation that ends soon, of organisations whose reading is not too old."),
            Alert(
                name=name,
                expr=gated(name, ENDING),
                hold=limits.organization_for,
                severity=Severity.INFO,
                scope=Scope.ORGANIZATION,
                team=Team.CUSTOMER_SUCCESS,
                summary="The Xero authorisation of a customer's organisation ends soon and is not being renewed.",
                description=_WHO + "its authorisation ends within a week and has not been renewed for a day.",
                dashboard=DASHBOARD,
            ),
        ),
    )
