"""What must fire and what must not, as stories for promtool: `make alerts` writes them to ``tests/``.

The firing case of each alert, with all its labels and annotations, is in ``tests/firing.yml``, which people write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Final

from alerts.queries import AFFECTED_RATIO, INCIDENT
from alerts.remediation_stories import remediation_stories
from alerts.story import Story, burning, ever, having, now, recorded, silent, steady, tickets
from alerts.town import Shards, Town

ISSUES: Final = (
    ("XeroDisconnected", "disconnected"),
    ("XeroTokenExpired", "token_expired"),
    ("XeroUnauthorized", "unauthorized"),
    ("XeroContactsNotSyncing", "contacts_failing"),
    ("XeroInvoicesFailing", "invoices_failing"),
    ("XeroReconciliationFailing", "reconciliation_failing"),
    ("XeroSyncFailing", "sync_failing"),
    ("XeroSyncStale", "sync_stale"),
)
"""Each alert on an issue, and the issue."""


def _fleets() -> tuple[Story, ...]:
    few = 3
    return (
        Story(
            "fleet-of-0",
            "No organisations, nothing to tell.",
            Town(size=0, minutes=150, step=5),
            (
                ever(150),
                recorded(150, "job:xero_organizations_known:count", 0),
                recorded(150, "job:xero_organizations_listed:count", 0),
                recorded(150, "job:xero_organizations_fresh:count", 0),
                recorded(150, "job:xero_organizations_fresh:ratio", None),
                recorded(150, "job:xero_organizations_unavailable:count", 0),
            ),
        ),
        *(
            Story(
                f"fleet-of-{size}-well",
                "All is well, the nightly burst of waiting syncs included: silence.",
                Town(
                    size=size,
                    minutes=(33 if size > few else 3) * 60,
                    step=5,
                    pending=lambda _one, minute: 200 if 120 <= minute % 1440 < 240 else 0,
                ),
                (ever((33 if size > few else 3) * 60),),
            )
            for size in (1, 3, 20)
        ),
        Story(
            "fleet-of-1-broken",
            "Its only organisation breaks: a ticket, and no page for the fleet.",
            Town(size=1, minutes=300, step=5, issues=having("invoices_failing", first=1, begins=60)),
            (now(85), ever(300, XeroInvoicesFailing=1)),
        ),
        Story(
            "fleet-of-3-broken",
            "Two of three break: tickets, and no page for the fleet; a share without a count would page.",
            Town(size=3, minutes=300, step=5, issues=having("token_expired", first=2, begins=60)),
            (now(85), ever(300, XeroTokenExpired=2)),
        ),
        Story(
            "fleet-of-3-one-not-answered",
            "One of three is not answered for: a ticket after an hour, no page of blindness.",
            Town(size=3, minutes=200, step=5, answers=lambda one, minute: one > 1 or minute < 60),
            (now(120), ever(200, XeroOrganizationPollStale=1)),
        ),
        Story(
            "small-numbers",
            "Four of eight leave, four requests of half an hour are refused, four readings are late, and fifty syncs "
            "more than yesterday wait: shares are large where numbers are small, and nobody is told.",
            Town(
                size=8,
                minutes=27 * 60,
                step=5,
                listed=lambda one, minute: one <= 4 or minute < 100,
                pending=lambda one, minute: (60 if minute >= 1500 else 10) if one == 1 else 0,
                extra={
                    'xero_exporter_requests_total{upstream="memberpulse"}': lambda minute: 4.0 * minute,
                    'xero_exporter_request_failures_total{upstream="memberpulse", failure="rate_limited"}': (
                        lambda minute: minute * 0.125
                    ),
                    "xero_exporter_poll_overruns_total": lambda minute: minute * 0.125,
                },
            ),
            (ever(27 * 60),),
        ),
        Story(
            "fleet-of-20-four-broken",
            "Four of twenty break together, a fifth of the fleet: tickets, and no page.",
            Town(size=20, minutes=300, step=5, issues=having("disconnected", first=4, begins=60)),
            (now(85), ever(300, XeroDisconnected=4)),
        ),
    )


def _lives() -> tuple[Story, ...]:
    return (
        Story(
            "healthy-sample",
            "The platform's own sample: healthy, two failed records, one old error. Not a sound for 23 hours; then a "
            "line in the digest.",
            Town(size=2, minutes=25 * 60, step=5, failed=lambda one, _minute: 2 if one == 1 else 0),
            (ever(23 * 60), ever(25 * 60, XeroFailedRecords=1)),
        ),
        Story(
            "failed-records-of-a-ticket",
            "Contacts fail for a day, and so there are failed records: a ticket, and not a line in the digest as well.",
            Town(
                size=2,
                minutes=25 * 60,
                step=5,
                issues=having("contacts_failing", first=1),
                failed=lambda one, _minute: 3 if one == 1 else 0,
            ),
            (ever(25 * 60, XeroContactsNotSyncing=1),),
        ),
        Story(
            "customer-disconnects",
            "One customer of 40 disconnects by their own choice: one ticket, no page, no budget; resolved at once.",
            Town(size=40, minutes=240, issues=having("disconnected", first=1, begins=60, ends=180)),
            (
                now(88),
                now(92, XeroDisconnected=1),
                now(179, XeroDisconnected=1),
                now(181),
                ever(240, XeroDisconnected=1),
            ),
        ),
        Story(
            "flapping",
            "An issue that comes and goes every ten minutes never lasts long enough.",
            Town(
                size=20,
                minutes=240,
                issues=lambda one, minute: frozenset(["contacts_failing"] if one == 1 and minute // 10 % 2 else []),
            ),
            (ever(240),),
        ),
        Story(
            "nightly-access-tokens",
            "A platform that syncs once a day and renews access tokens on use: all of them are expired all day.",
            Town(size=6, minutes=26 * 60, step=5, expiry=lambda _one, minute: minute // 1440 * 1440 + 30),
            (ever(26 * 60),),
        ),
        Story(
            "access-tokens-near-their-end",
            "Tokens of 30 minutes are always near their end and always move: the opt-in warning stays silent.",
            Town(size=2, minutes=26 * 60, step=5, expiry=lambda _one, minute: minute + 30),
            (ever(26 * 60),),
        ),
        Story(
            "never-connected",
            "28 of 40 were never connected; then three of those are not answered for, one is connected, and one "
            "leaves the roster. No share counts them, and they are remembered while nothing is known of them.",
            Town(
                size=40,
                minutes=240,
                never_connected=lambda one, minute: one <= 27 or (one == 28 and minute < 150),
                answers=lambda one, minute: one > 3 or minute < 100,
                listed=lambda one, minute: one != 27 or minute < 150,
            ),
            (
                recorded(90, "job:xero_organizations_known:count", 12),
                recorded(90, "job:xero_organizations_fresh:ratio", 1),
                recorded(145, "count by (job) (job_organization:xero_never_connected:max)", 28),
                now(155),
                recorded(200, "job:xero_organizations_known:count", 13),
                recorded(200, "job:xero_organizations_fresh:count", 13),
                recorded(200, "count by (job) (job_organization:xero_never_connected:max)", 26),
                ever(240, XeroOrganizationPollStale=3),
            ),
        ),
        Story(
            "connected-once",
            "Two are disconnected; of one only the end of its authorisation is known, of the other only its last sync: "
            "both were connected, and count.",
            Town(
                size=20,
                minutes=60,
                step=5,
                issues=having("disconnected", first=2),
                expiry=lambda one, minute: None if one == 2 else minute + 30,
                synced=lambda one, _minute: one != 1,
            ),
            (
                recorded(60, "job:xero_organizations_known:count", 20),
                recorded(60, "count by (job) (job_organization:xero_never_connected:max)", None),
                now(60, XeroDisconnected=2),
            ),
        ),
        Story(
            "broken-for-months",
            "Three quarters of the fleet have been broken for ever: tickets, and no incident that pages for it.",
            Town(size=40, minutes=8 * 60, step=5, issues=having("token_expired", first=30)),
            (ever(8 * 60, XeroTokenExpired=30),),
        ),
        Story(
            "leaves-the-roster",
            "One with a ticket leaves the roster, one is no longer known to the platform: both resolve.",
            Town(
                size=20,
                minutes=120,
                issues=having("sync_failing", first=2),
                listed=lambda one, minute: one != 1 or minute < 60,
                not_found=lambda one, minute: one == 2 and minute >= 80,
            ),
            (
                now(59, XeroSyncFailing=2),
                recorded(59, "job:xero_organizations_known:count", 20),
                now(62, XeroSyncFailing=1),
                recorded(62, "job:xero_organizations_known:count", 19),
                now(82),
                # Not known to the platform: no part of any share, from the first such answer on.
                recorded(82, "job:xero_organizations_known:count", 18),
                recorded(82, "job:xero_organizations_fresh:count", 18),
                recorded(110, "count by (job) (job_organization:xero_unknown:max)", None),
                now(110),
            ),
        ),
        Story(
            "old-data-of-an-exporter-that-forgets-to-withdraw",
            "An issue without a fresh reading opens nothing: whoever tells it does not know it.",
            Town(
                size=20,
                minutes=180,
                issues=having("sync_stale", first=1),
                answers=lambda one, minute: one != 1 or minute < 5,
                withdraws_after=10**9,
            ),
            (now(60), ever(180, XeroOrganizationPollStale=1)),
        ),
    )


def _gaps() -> tuple[Story, ...]:
    weekend = 48 * 60
    return (
        Story(
            "start-up",
            "The first answers come after three minutes, and 8 of 20 have long been broken: tickets, no page.",
            Town(size=20, minutes=120, issues=having("token_expired", first=8), answers=silent(0, 3)),
            (now(32), ever(120, XeroTokenExpired=8)),
        ),
        Story(
            "restart",
            "The exporter restarts amid 20 open tickets, away for two minutes: none resolves, none opens, no page.",
            Town(
                size=40,
                minutes=240,
                issues=having("token_expired", first=20),
                up=lambda minute: not 118 <= minute < 120,
                starts=(0, 120),
                answers=lambda one, minute: not 120 <= minute < 121 or one % 2 == 0,
            ),
            (*steady("XeroTokenExpired", 40, 240, 20), ever(240, XeroTokenExpired=20)),
        ),
        Story(
            "restart-before-the-list",
            "The exporter restarts amid a ticket of each kind, and reads its list of organisations only after ten "
            "minutes: none resolves, none opens.",
            Town(
                size=40,
                minutes=150,
                issues=lambda one, _minute: frozenset([ISSUES[one - 1][1]] if one <= 8 else []),
                starts=(0, 60),
                has_list=lambda minute: not 60 <= minute < 70,
            ),
            tuple(check for alert, _ in ISSUES for check in steady(alert, 40, 150, 1)),
        ),
        Story(
            "poll-gap",
            "The platform answers nobody for ten minutes, 8 of 40 have long been broken: no page. With a share that "
            "is 0 and not absent meanwhile, this pages.",
            Town(
                size=40,
                minutes=300,
                issues=having("disconnected", first=8),
                answers=silent(120, 130),
            ),
            (*steady("XeroDisconnected", 40, 300, 8), ever(300, XeroDisconnected=8)),
        ),
        Story(
            "half-silent",
            "Half of the platform, with 8 that have long been broken, answers nobody for twelve minutes: no page when "
            "they are back. With a share of those that are left, none of the 8 is seen meanwhile, and this pages.",
            Town(
                size=40,
                minutes=180,
                issues=having("disconnected", first=8),
                answers=lambda one, minute: one > 20 or not 120 <= minute < 132,
            ),
            (*steady("XeroDisconnected", 40, 180, 8), ever(180, XeroDisconnected=8)),
        ),
        Story(
            "restart-that-remembers-little",
            "After a restart it takes ten minutes until the 8 that have long been broken are seen again: no page.",
            Town(
                size=40,
                minutes=180,
                issues=lambda one, minute: frozenset(["disconnected"] if one <= 8 and not 60 <= minute < 70 else []),
                starts=(0, 60),
            ),
            (now(59, XeroDisconnected=8), ever(180, XeroDisconnected=8)),
        ),
        Story(
            "clock-behind",
            "Prometheus' clock is behind: data is withdrawn before it looks stale. Tickets stay through the gap.",
            Town(
                size=20,
                minutes=120,
                issues=having("disconnected", first=4),
                answers=lambda one, minute: one > 4 or minute < 60,
                withdraws_after=260,
            ),
            (*steady("XeroDisconnected", 40, 115, 4), ever(115, XeroDisconnected=4)),
        ),
        Story(
            "dead-weekend",
            "The poller is dead for 48 hours amid 20 open tickets: one page about the polling, and no ticket opens or "
            "resolves. The failures and the budget are told, and Alertmanager inhibits them.",
            Town(
                size=24,
                minutes=weekend + 240,
                step=5,
                issues=having("token_expired", first=20),
                answers=silent(120, 120 + weekend),
            ),
            (
                now(118, XeroTokenExpired=20),
                *steady("XeroTokenExpired", 60, weekend + 240, 20),
                *(burning("monitoring_coverage", window, 120 + weekend) for window in ("2h", "6h", "1d", "3d")),
                ever(
                    weekend + 240,
                    XeroTokenExpired=20,
                    XeroPollingStale=1,
                    XeroPlatformErrors=1,
                    XeroMonitoringCoverageBurn=1,
                ),
            ),
        ),
        Story(
            "dead-exporter",
            "The exporter is away for two hours amid 20 open tickets: one page, and no ticket opens or resolves.",
            Town(
                size=40,
                minutes=300,
                issues=having("disconnected", first=20),
                up=lambda minute: not 120 <= minute < 240,
                starts=(0, 240),
            ),
            (
                *steady("XeroDisconnected", 40, 300, 20),
                ever(300, XeroDisconnected=20, XeroExporterDown=1),
            ),
        ),
    )


def _shards() -> tuple[Story, ...]:
    """Two exporters with a list of their own each, under one job; and one exporter at two addresses."""
    one = Town(size=50, minutes=300, step=5, bare=True)
    other = replace(one, before=50, instance="b:9869")

    def away(begins: int, ends: int) -> Callable[[int], bool]:
        return lambda minute: not begins <= minute < ends

    broken = having("disconnected", first=60, last=50)
    many, day = 10, 1440
    return (
        Story(
            "shard-lost",
            "The exporter of fifty that are well is away for two hours and is back; ten of the other fifty have long "
            "been broken. A page for the exporter, and none for a share of others.",
            Shards((replace(one, up=away(100, 220), starts=(0, 220)), replace(other, issues=broken))),
            (
                now(95, XeroDisconnected=many),
                *steady("XeroDisconnected", 40, 300, many),
                now(140, XeroDisconnected=many, XeroExporterDown=1, XeroOrganizationsVanished=1),
                # After an hour the others are judged alone: what is broken then is no rise.
                recorded(155, f'max by (job) ({AFFECTED_RATIO}{{kind="connection"}})', None),
                recorded(165, f'max by (job) ({AFFECTED_RATIO}{{kind="connection"}})', 0.2),
                ever(300, XeroDisconnected=many, XeroExporterDown=1, XeroOrganizationsVanished=1),
            ),
        ),
        Story(
            "shard-back",
            "The exporter of the ten that have long been broken is away for two hours: its return is no rise.",
            Shards((one, replace(other, issues=broken, up=away(100, 220), starts=(0, 220)))),
            (
                *steady("XeroDisconnected", 40, 300, many),
                recorded(200, f'max by (job) ({AFFECTED_RATIO}{{kind="connection"}})', 0),
                recorded(240, f'max by (job) ({AFFECTED_RATIO}{{kind="connection"}})', 0.1),
                ever(300, XeroDisconnected=many, XeroExporterDown=1, XeroOrganizationsVanished=1),
            ),
        ),
        Story(
            "shard-breaks-alone",
            "While one exporter is away twelve that the other watches lose their connection together: a page, once "
            "the others are judged alone.",
            Shards(
                (
                    replace(one, up=away(100, 10**9)),
                    replace(other, issues=having("disconnected", first=62, last=50, begins=200)),
                )
            ),
            (
                now(195, XeroExporterDown=1, XeroOrganizationsVanished=1),
                now(210, XeroExporterDown=1, XeroOrganizationsVanished=1, XeroMassDisconnect=1),
            ),
        ),
        Story(
            "shard-restarts",
            "One of two exporters restarts amid its ten tickets, and reads its list after ten minutes: none resolves.",
            Shards(
                (
                    replace(one, minutes=150, step=1),
                    replace(
                        other,
                        minutes=150,
                        step=1,
                        issues=broken,
                        starts=(0, 60),
                        has_list=lambda minute: not 60 <= minute < 70,
                    ),
                )
            ),
            (*steady("XeroDisconnected", 40, 150, many), ever(150, XeroDisconnected=many)),
        ),
        Story(
            "shard-gone",
            "The target of one of two exporters is gone, with ten tickets: a page, and none resolves for a day.",
            Shards(
                (
                    replace(one, minutes=day + 400, step=5),
                    replace(other, minutes=day + 400, step=5, issues=broken, target=away(200, 10**9)),
                )
            ),
            (
                *steady("XeroDisconnected", 40, 200 + day - 20, many),
                now(220, XeroDisconnected=many, XeroShardMissing=1, XeroOrganizationsVanished=1),
                now(200 + day + 20),
                ever(day + 400, XeroDisconnected=many, XeroShardMissing=1, XeroOrganizationsVanished=1),
            ),
        ),
        Story(
            "shard-gone-and-its-list-elsewhere",
            "Two exporters become one with the list of both: nobody is unwatched, no page; a ticket that is mended "
            "resolves at once.",
            Shards(
                (
                    Town(
                        size=100,
                        minutes=400,
                        step=5,
                        bare=True,
                        listed=lambda one, minute: one <= 50 or minute >= 200,
                        issues=having("disconnected", first=60, last=50, ends=300),
                    ),
                    replace(other, minutes=400, issues=broken, target=away(200, 10**9)),
                )
            ),
            (
                *steady("XeroDisconnected", 40, 299, many),
                now(305),
                ever(400, XeroDisconnected=many),
            ),
        ),
        Story(
            "shard-away-and-a-ticket-of-the-other",
            "While one exporter is away for longer than a day a ticket of the other is mended: it resolves at once; "
            "those of the one that is away stay.",
            Shards(
                (
                    replace(one, minutes=day + 400, issues=having("token_expired", first=3), up=away(200, 10**9)),
                    replace(
                        other, minutes=day + 400, step=5, issues=having("disconnected", first=54, last=50, ends=400)
                    ),
                )
            ),
            (
                now(390, XeroTokenExpired=3, XeroDisconnected=4, XeroExporterDown=1, XeroOrganizationsVanished=1),
                now(410, XeroTokenExpired=3, XeroExporterDown=1, XeroOrganizationsVanished=1),
                *steady("XeroTokenExpired", 40, day + 400, 3),
            ),
        ),
        Story(
            "target-gone",
            "The only exporter is scraped no more: a page, and its tickets stay.",
            Town(size=40, minutes=180, issues=having("disconnected", first=10), target=away(100, 160)),
            (
                *steady("XeroDisconnected", 40, 180, 10),
                ever(180, XeroDisconnected=10, XeroExporterAbsent=1),
            ),
        ),
        Story(
            "restart-without-a-list",
            "The only exporter restarts while the server that lists organisations is away: it answers, and watches "
            "nobody, for longer than a day. A page, and its tickets stay.",
            Town(
                size=40,
                minutes=day + 400,
                step=5,
                issues=having("disconnected", first=4),
                starts=(0, 200),
                has_list=away(200, 10**9),
            ),
            (
                now(190, XeroDisconnected=4),
                now(220, XeroDisconnected=4, XeroRosterMissing=1),
                *steady("XeroDisconnected", 40, day + 400, 4),
                ever(day + 400, XeroDisconnected=4, XeroRosterMissing=1),
            ),
        ),
        Story(
            "pair",
            "Two exporters watch the same eighty, of which three lose their connection: three, and not six, are fewer "
            "than an incident needs, and 4 % and not 8 %. They are told of as a pair.",
            Shards(
                tuple(
                    Town(
                        size=80,
                        minutes=240,
                        step=5,
                        bare=True,
                        instance=address,
                        issues=having("disconnected", first=4, begins=100),
                    )
                    for address in ("a:9869", "b:9869")
                )
            ),
            (
                recorded(120, f'max by (job) ({AFFECTED_RATIO}{{kind="connection"}})', 0.05),
                recorded(120, "job:xero_sync_freshness_total:count", 76),
                ever(240, XeroDisconnected=4, XeroShardMismatch=1),
            ),
        ),
        Story(
            "exporter-moves",
            "The only exporter comes back at another address amid an incident, both being scraped for five minutes: "
            "the page stays, no ticket opens, and its end is seen.",
            Shards(
                (
                    Town(
                        size=40,
                        minutes=300,
                        issues=having("disconnected", first=12, begins=100, ends=200),
                        target=away(150, 10**9),
                    ),
                    Town(
                        size=40,
                        minutes=300,
                        instance="b:9869",
                        issues=having("disconnected", first=12, begins=100, ends=200),
                        target=away(0, 145),
                        starts=(0, 145),
                    ),
                )
            ),
            (*steady("XeroMassDisconnect", 110, 199, 1), now(205), ever(300, XeroMassDisconnect=1)),
        ),
    )


def _twice() -> tuple[Story, ...]:
    """One exporter under two addresses for a while."""
    town = Town(size=40, minutes=240, issues=having("disconnected", first=12, begins=100, ends=200))
    return (
        Story(
            "scraped-twice",
            "Amid an incident the only exporter is scraped under a second address for ten minutes: what two tell "
            "has no least of its own yet, and the page stays.",
            Shards((town, replace(town, instance="b:9869", target=lambda minute: 140 <= minute < 150))),
            (*steady("XeroMassDisconnect", 110, 199, 1), now(205), ever(240, XeroMassDisconnect=1)),
        ),
    )


def _ending() -> tuple[Story, ...]:
    """An authorisation that ends in five days, and is renewed or not."""
    town = Town(size=2, minutes=3200, step=5, expiry=lambda one, _minute: 7200 if one == 1 else 20_000)

    return (
        Story(
            "authorisation-ends-and-the-exporter-moves",
            "The exporter moves to another address: nothing was renewed, and the warning stays.",
            Shards(
                (
                    replace(town, target=lambda minute: minute < 2000),
                    replace(town, target=lambda minute: minute >= 2000, instance="b:9869", starts=(0, 2000)),
                )
            ),
            (now(1460), *steady("XeroTokenExpiring", 1500, 3200, 1)),
        ),
        Story(
            "authorisation-ends-after-a-gap",
            "What it was a day ago is not known, as nobody was answered for then: the warning stays.",
            replace(town, answers=silent(400, 430)),
            (*steady("XeroTokenExpiring", 1500, 3200, 1),),
        ),
        Story(
            "authorisation-is-renewed",
            "It is renewed, though for a day only: the warning ends, and comes back when that one is a day old.",
            replace(town, expiry=lambda one, minute: 20_000 if one == 2 else 7200 if minute < 2000 else 8640),
            (
                now(1990, XeroTokenExpiring=1),
                now(2005),
                now(3100),
            ),
        ),
    )


def _incidents() -> tuple[Story, ...]:
    outage = "xero_unavailable"
    return (
        Story(
            "outage-of-90-minutes",
            "16 of 40 fail for 90 minutes, and their errors say that Xero is down: no ticket opens, all resolves.",
            Town(
                size=40, minutes=320, issues=having("invoices_failing", first=16, begins=120, ends=210), reason=outage
            ),
            (
                now(122),
                now(124, XeroOutage=1),
                now(126, XeroOutage=1, XeroFleetSyncFailing=1),
                now(
                    209, XeroOutage=1, XeroFleetSyncFailing=1, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1
                ),
                now(211),
                ever(
                    320, XeroOutage=1, XeroFleetSyncFailing=1, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1
                ),
            ),
        ),
        Story(
            "outage-where-many-failed-before",
            "One in ten failed before it, so that the error budget is spent at once: the outage is paged first, and "
            "silences the page of the budget before that comes.",
            Town(
                size=40,
                minutes=180,
                issues=lambda one, minute: frozenset(
                    ["invoices_failing"] if one <= (20 if 120 <= minute < 170 else 4) else []
                ),
                reason=outage,
            ),
            (
                now(119, XeroInvoicesFailing=4),
                recorded(120, "job:xero_sync_freshness_errors:ratio_6h > bool 0.06", 1),
                recorded(120, "job:xero_sync_freshness_bad:count", 20),
                now(122, XeroInvoicesFailing=4),
                now(124, XeroInvoicesFailing=4, XeroOutage=1),
                now(125, XeroInvoicesFailing=4, XeroOutage=1, XeroFleetSyncFailing=1),
                now(
                    127,
                    XeroInvoicesFailing=4,
                    XeroOutage=1,
                    XeroFleetSyncFailing=1,
                    XeroSyncFreshnessBurnFast=1,
                ),
            ),
        ),
        Story(
            "outage-of-7-hours",
            "It goes on: after six hours the incident ends by itself, the burn rate goes on paging, and tickets open.",
            Town(
                size=40,
                minutes=560,
                step=5,
                issues=having("invoices_failing", first=16, begins=120, ends=120 + 420),
                reason=outage,
            ),
            (
                now(
                    475, XeroOutage=1, XeroFleetSyncFailing=1, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1
                ),
                now(485, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1),
                now(530, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1, XeroInvoicesFailing=16),
                *(burning("sync_freshness", window, 540) for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")),
                now(545),
                now(560),
            ),
        ),
        Story(
            "mass-disconnect",
            "12 of 40 lose their connection together, and nobody knows why: one page, no ticket.",
            Town(size=40, minutes=300, issues=having("disconnected", first=12, begins=120, ends=200)),
            (now(124), now(126, XeroMassDisconnect=1), ever(300, XeroMassDisconnect=1)),
        ),
        Story(
            "mass-disconnect-of-30-hours",
            "Nobody mends it: after six hours tickets open, and the page goes on for a day, through a time without an "
            "answer; the error budget does not count whose connection is lost.",
            Town(
                size=40,
                minutes=1800,
                step=5,
                issues=having("disconnected", first=16, begins=120),
                answers=silent(700, 730),
            ),
            (
                *steady("XeroMassDisconnect", 130, 1555, 1),
                now(475, XeroMassDisconnect=1),
                now(520, XeroMassDisconnect=1, XeroDisconnected=16),
                now(1570, XeroDisconnected=16),
                ever(1800, XeroMassDisconnect=1, XeroDisconnected=16, XeroPollingStale=1, XeroPlatformErrors=1),
            ),
        ),
        Story(
            "mass-disconnect-of-8-hours",
            "It is mended after eight hours but for three, too few for a page: it ends, and their tickets stay.",
            Town(
                size=40,
                minutes=640,
                step=5,
                issues=lambda one, minute: frozenset(
                    ["token_expired"] if minute >= 120 and one <= (16 if minute < 600 else 3) else []
                ),
            ),
            (now(595, XeroMassDisconnect=1, XeroTokenExpired=16), now(605, XeroTokenExpired=3)),
        ),
        Story(
            "incident-unseen-for-long",
            "In the middle of an incident the platform falls silent for eight hours: after six of them nobody can say "
            "that it still is one.",
            Town(
                size=40,
                minutes=640,
                step=5,
                issues=having("disconnected", first=16, begins=60),
                answers=silent(100, 10**9),
            ),
            (
                recorded(455, INCIDENT, 0.4),
                now(455, XeroMassDisconnect=1, XeroPollingStale=1, XeroPlatformErrors=1, XeroMonitoringCoverageBurn=1),
                recorded(475, INCIDENT, None),
                now(475, XeroPollingStale=1, XeroPlatformErrors=1, XeroMonitoringCoverageBurn=1),
            ),
        ),
        Story(
            "five-of-100",
            "A rise of exactly five points is no incident: five tickets.",
            Town(size=100, minutes=240, step=5, issues=having("disconnected", first=5, begins=120)),
            (now(145), ever(240, XeroDisconnected=5)),
        ),
        Story(
            "five-of-90",
            "Five of 90 are more than five points and just enough.",
            Town(size=90, minutes=240, step=5, issues=having("contacts_failing", first=5, begins=120, ends=200)),
            (now(125, XeroFleetSyncFailing=1), ever(240, XeroFleetSyncFailing=1)),
        ),
        Story(
            "eight-of-100-for-months",
            "Eight of a hundred have failed for ever: no incident, but the budget of a month is gone in four days.",
            Town(size=100, minutes=120, step=5, issues=having("invoices_failing", first=8)),
            (
                now(0),
                ever(50, XeroInvoicesFailing=8, XeroSyncFreshnessBurnFast=1),
                now(120, XeroInvoicesFailing=8, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1),
            ),
        ),
        Story(
            "five-remain",
            "Thirty of a hundred fail for two hours, and five of them remain: the page for the budget ends with the "
            "outage, not half an hour after it.",
            Town(
                size=100,
                minutes=200,
                step=5,
                issues=lambda one, minute: frozenset(
                    ["invoices_failing"] if one <= (30 if 60 <= minute < 180 else 5 if minute >= 180 else 0) else []
                ),
            ),
            (
                now(175, XeroFleetSyncFailing=1, XeroSyncFreshnessBurnFast=1, XeroSyncFreshnessBurnSlow=1),
                now(190, XeroSyncFreshnessBurnSlow=1),
            ),
        ),
        Story(
            "hours-within-the-budget",
            "Five of a hundred fail for hours, after a long time without a failure: five tickets, and nothing is "
            "said of a budget.",
            Town(size=100, minutes=1200, step=10, issues=having("invoices_failing", first=5, begins=900, ends=1060)),
            (ever(1200, XeroInvoicesFailing=5),),
        ),
        Story(
            "six-of-600",
            "Six are never answered for: a ticket for the coverage. 240 fail for two hours, five go on: the ticket "
            "for the budget ends once six hours are within it.",
            Town(
                size=600,
                minutes=600,
                step=10,
                bare=True,
                answers=lambda one, _minute: one <= 594,
                issues=lambda one, minute: frozenset(
                    ["invoices_failing"] if one <= (240 if minute < 120 else 5) else []
                ),
            ),
            (
                recorded(90, 'count by (job) (ALERTS{alertname="XeroMonitoringCoverageBurn", alertstate="firing"})', 1),
                recorded(90, 'count by (job) (ALERTS{alertname="XeroSyncFreshnessBurnSlow", alertstate="firing"})', 1),
                now(600, XeroInvoicesFailing=5, XeroOrganizationPollStale=6, XeroMonitoringCoverageBurn=1),
            ),
        ),
        Story(
            "old-tickets-through-an-incident",
            "Ten tickets are open when 20 more break: the ten stay, one that is mended resolves at once, none opens.",
            Town(
                size=60,
                minutes=240,
                issues=lambda one, minute: frozenset(
                    ["disconnected"]
                    if (one <= 10 and not (one == 1 and minute >= 160)) or (10 < one <= 30 and 120 <= minute < 220)
                    else []
                ),
            ),
            (
                now(119, XeroDisconnected=10),
                now(159, XeroDisconnected=10, XeroMassDisconnect=1),
                now(162, XeroDisconnected=9, XeroMassDisconnect=1),
                now(218, XeroDisconnected=9, XeroMassDisconnect=1),
                now(222, XeroDisconnected=9),
                ever(240, XeroDisconnected=10, XeroMassDisconnect=1),
            ),
        ),
        Story(
            "incident-out-of-sight",
            "In the middle of an incident the platform falls silent, then the exporter restarts: the incident is not "
            "over because nobody sees it, and no ticket opens.",
            Town(
                size=40,
                minutes=300,
                issues=having("disconnected", first=16, begins=120, ends=280),
                answers=silent(150, 200),
                up=lambda minute: minute != 230,
                starts=(0, 231),
            ),
            (
                *steady("XeroMassDisconnect", 130, 278, 1),
                now(285),
                ever(300, XeroMassDisconnect=1, XeroPollingStale=1, XeroPlatformErrors=1),
            ),
        ),
    )


XERO_APP: Final = 'xero_exporter_token_file_readable{token="xero"}'
LISTED: Final = "xero_exporter_xero_connections_last_success_timestamp_seconds"


_SILENCE: Final[dict[int, tuple[str, tuple[str, ...], str]]] = {
    1: ("disconnected", ("connection_not_said", "syncs_not_said"), ""),
    2: ("disconnected", ("connection_not_said", "syncs_not_said"), "disconnected"),
    3: ("token_expired", ("connection_not_said",), ""),
    4: ("unauthorized", ("connection_not_said",), "unauthorized"),
    5: ("contacts_failing", ("syncs_not_said",), ""),
    6: ("invoices_failing", ("status_word",), ""),
    7: ("reconciliation_failing", ("errors_unread",), ""),
    8: ("sync_failing", ("unexplained",), ""),
    9: ("sync_stale", ("sync_ahead",), ""),
    10: ("disconnected", ("status_word",), ""),
    11: ("token_expired", ("errors_unread",), ""),
    # What is not in doubt is mended: what the platform says of the connection, why it is unwell, how many wait.
    12: ("disconnected", ("unexplained",), ""),
    13: ("token_expired", ("status_word",), ""),
    14: ("contacts_failing", ("connection_not_said",), ""),
    15: ("contacts_failing", ("unexplained",), ""),
    16: ("sync_stale", ("syncs_not_said", "status_word"), ""),
    17: ("unauthorized", ("syncs_not_said",), ""),
    18: ("", ("connection_not_said", "syncs_not_said", "status_word"), ""),
}
"""Organisation -> its issue at first, what is in doubt from the hour on, its issue after minute 130."""


def _silent() -> Story:
    def issue(one: int, minute: int) -> frozenset[str]:
        before, _, after = _SILENCE.get(one, ("", (), ""))
        now_has = before if minute < 60 else "" if minute < 130 else after
        return frozenset([now_has] if now_has else [])

    def doubts(one: int, minute: int) -> frozenset[str]:
        return frozenset(_SILENCE[one][1] if 60 <= minute < 130 and one in _SILENCE else ())

    return Story(
        "not-said",
        "Seventeen of 200 have a ticket when the platform begins to leave out, or to word anew, what it was concluded "
        "from. Tickets stay as long as nobody can say; those of what is still said resolve; nobody gets one for "
        "being in doubt, and the end of the silence is no incident.",
        Town(size=200, minutes=160, bare=True, issues=issue, doubts=doubts),
        (
            now(
                59,
                XeroDisconnected=4,
                XeroTokenExpired=3,
                XeroUnauthorized=2,
                XeroContactsNotSyncing=3,
                XeroInvoicesFailing=1,
                XeroReconciliationFailing=1,
                XeroSyncFailing=1,
                XeroSyncStale=2,
            ),
            now(
                128,
                XeroDisconnected=3,
                XeroTokenExpired=2,
                XeroUnauthorized=1,
                XeroContactsNotSyncing=1,
                XeroInvoicesFailing=1,
                XeroReconciliationFailing=1,
                XeroSyncFailing=1,
                XeroSyncStale=1,
            ),
            now(140, XeroDisconnected=1, XeroUnauthorized=1),
        ),
    )


def _all_silent() -> tuple[Story, ...]:
    everything = frozenset(["connection_not_said", "syncs_not_said"])

    def silent(issue: str, affected: int, size: int, doubtful: int) -> Town:
        """So many affected from minute 90 to 150, and then so many in doubt, for two hours."""
        return Town(
            size=size,
            minutes=330,
            bare=True,
            issues=lambda one, minute: frozenset([issue] if one <= affected and 90 <= minute < 150 else []),
            doubts=lambda one, minute: everything if one <= doubtful and 150 <= minute < 270 else frozenset(),
        )

    incident = 'count by (job) (job_kind:xero_incident:rise{kind="sync"})'
    return (
        Story(
            "not-said-of-anybody",
            "Sixty of 200 lose their connection, and an hour later a release of the platform renames its fields: of "
            "nobody is known any more how it stands. The page stays, and who looks after the platform gets a ticket; "
            "after two hours the fields are back and the sixty are connected.",
            silent("disconnected", 60, 200, 200),
            (
                now(140, XeroMassDisconnect=1),
                now(200, XeroMassDisconnect=1, XeroFleetInDoubt=1),
                now(265, XeroMassDisconnect=1, XeroFleetInDoubt=1),
                now(300),
                ever(330, XeroMassDisconnect=1, XeroFleetInDoubt=1),
            ),
        ),
        Story(
            "not-said-of-failing-syncs",
            "The syncs of sixty of 200 fail when the same happens: that incident goes on too, and ends with the "
            "silence.",
            silent("contacts_failing", 60, 200, 200),
            (
                recorded(140, incident, 1),
                recorded(200, incident, 1),
                recorded(265, incident, 1),
                recorded(300, incident, None),
            ),
        ),
        Story(
            "not-said-of-a-few",
            "The syncs of six of twenty fail, and then all are well but two, of whom it is not said: two are not "
            "enough for an incident, however large a share of a small fleet they are.",
            silent("contacts_failing", 6, 20, 2),
            (recorded(140, incident, 1), recorded(170, incident, None)),
        ),
    )


def _doubts() -> tuple[Story, ...]:
    """What an issue was concluded from is lost while the platform goes on answering: that is no recovery."""

    def unread(minute: int) -> bool:
        return 60 <= minute < 130

    def missed(one: int, minute: int) -> bool:
        """The first twelve are no longer on Xero's list; the list is back when some of them are mended."""
        return one <= (12 if minute < 130 else 11)

    def word(one: int, minute: int) -> frozenset[str]:
        """13 and 14 have failed syncs all the time; meanwhile the platform's word for that is a new one.

        The last sync of 16 is too old, and then years ahead, until it is well.
        """
        issues = {
            2: "disconnected" if 80 <= minute < 100 else "",
            3: "token_expired" if 80 <= minute < 100 else "",
            13: "" if 60 <= minute < 130 else "sync_failing",
            14: "sync_failing" if minute < 60 else "",
            16: "sync_stale" if minute < 60 else "",
        }
        if issues.get(one):
            return frozenset([issues[one]])
        return frozenset(["unauthorized"] if missed(one, minute) and not unread(minute) else [])

    def doubts(one: int, minute: int) -> frozenset[str]:
        if unread(minute) and one in {13, 14, 15}:
            return frozenset(["status_word"])
        if unread(minute) and one == 16:
            return frozenset(["sync_ahead"])
        gone = one == 2 and 80 <= minute < 130
        return frozenset(["list_unread"] if unread(minute) and missed(one, 0) and not gone else [])

    return (
        Story(
            "in-doubt",
            "Twelve of 40 were not on Xero's list when that cannot be read any more, and two fail to sync when the "
            "platform's word becomes one that nobody knows; the last sync of one, too old, becomes one of the future. "
            "One of these is in doubt from the start, one loses its connection meanwhile, of one the authorisation "
            "expires, one leaves the roster, one is no longer known to the platform: tickets stay while nobody can "
            "say, none opens, and the return of the twelve is no incident.",
            Town(
                size=40,
                minutes=200,
                issues=word,
                doubts=doubts,
                authorized=lambda one, minute: None if unread(minute) else not missed(one, minute),
                listed=lambda one, minute: one != 4 or minute < 90,
                not_found=lambda one, minute: one == 5 and minute >= 90,
                tells_not_found=True,
                extra={XERO_APP: lambda _minute: 1, LISTED: lambda minute: 60.0 * min(minute // 10 * 10, 60)},
            ),
            (
                now(59, XeroUnauthorized=12, XeroSyncFailing=2, XeroSyncStale=1),
                now(79, XeroUnauthorized=12, XeroSyncFailing=2, XeroSyncStale=1),
                # Another issue of the connection hides it, as it does where the list can be read.
                now(88, XeroUnauthorized=10, XeroSyncFailing=2, XeroSyncStale=1),
                # Not known any more, though what was known is told for some minutes: that is no doubt.
                now(92, XeroUnauthorized=8, XeroSyncFailing=2, XeroSyncStale=1, XeroFleetInDoubt=1),
                now(128, XeroUnauthorized=8, XeroSyncFailing=2, XeroSyncStale=1, XeroFleetInDoubt=1),
                # The list is back, and the word; one is on it again, one has no failed syncs any more.
                now(132, XeroUnauthorized=7, XeroSyncFailing=1),
                recorded(95, "sum by (job) (job_organization_doubt:xero_doubt_fresh:max)", 12),
                ever(160, XeroUnauthorized=12, XeroSyncFailing=2, XeroSyncStale=1, XeroFleetInDoubt=1),
                now(165, XeroUnauthorized=9, XeroSyncFailing=1),
            ),
        ),
        _silent(),
        *_all_silent(),
        Story(
            "in-doubt-beside-an-issue",
            "Of twelve whose syncs are too old nobody can say either whether others fail. Then twelve more fail: that "
            "is a rise of twelve, and a page. Who has an issue is not counted again for being in doubt.",
            Town(
                size=40,
                minutes=150,
                issues=lambda one, minute: frozenset(
                    ["sync_stale"] if one <= 12 else ["contacts_failing"] if one <= 24 and minute >= 100 else []
                ),
                doubts=lambda one, _minute: frozenset(["status_word"] if one <= 12 else []),
            ),
            (recorded(120, 'max by (job) (job_kind:xero_incident:rise{kind="sync"})', 0.3),),
        ),
        Story(
            "doubt-after-a-restart",
            "The exporter restarts amid six tickets, and Xero's list cannot be read for twenty minutes; then the first "
            "one is older than what the platform says, and the next one decides. One of the six is on it, one is "
            "disconnected by then, one never was connected as far as anybody can tell: those resolve.",
            Town(
                size=40,
                minutes=140,
                issues=lambda one, minute: frozenset(
                    ["disconnected"]
                    if one == 2 and minute >= 75
                    else ["unauthorized"]
                    if one <= 6 and (minute < 60 or (minute >= 95 and one > 3))
                    else []
                ),
                authorized=lambda one, minute: None if 60 <= minute < 80 else one > 6 or (one == 1 and minute >= 80),
                never_connected=lambda one, minute: one == 3 and minute >= 85,
                synced=lambda one, _minute: one != 3,
                expiry=lambda one, minute: None if one == 3 else minute + 30,
                starts=(0, 60),
                extra={
                    XERO_APP: lambda _minute: 1,
                    LISTED: lambda minute: None if 60 <= minute < 80 else 60.0 * (minute // 15 * 15),
                },
            ),
            (
                now(59, XeroUnauthorized=6),
                *steady("XeroUnauthorized", 40, 74, 6),
                now(77, XeroUnauthorized=5),
                now(82, XeroUnauthorized=4),
                now(90, XeroUnauthorized=3),
                now(97, XeroUnauthorized=3),
                ever(104, XeroUnauthorized=6),
                now(130, XeroUnauthorized=3, XeroDisconnected=1),
            ),
        ),
        Story(
            "unauthorized-without-a-list",
            "Nobody asks Xero: an authorisation that was refused and works again is mended.",
            Town(
                size=20,
                minutes=90,
                issues=having("unauthorized", first=1, ends=60),
            ),
            (now(59, XeroUnauthorized=1), now(62)),
        ),
    )


def _every_kind() -> tuple[Story, ...]:
    """Each alert about an organisation through everything that must not move it."""

    def issues(one: int, minute: int) -> frozenset[str]:
        incident = 100 <= minute < 200
        if one <= 8 and minute < 230:
            return frozenset([ISSUES[one - 1][1]])
        if 11 <= one <= 18 and incident:
            return frozenset([ISSUES[one - 11][1]])
        return frozenset(["disconnected"] if 21 <= one <= 40 and incident else [])

    return (
        Story(
            "every-issue",
            "A ticket for each issue; an incident with each of them; in its midst no answer, and a restart: each "
            "ticket stays, none opens; all resolve at once.",
            Town(
                size=60,
                minutes=240,
                issues=issues,
                answers=lambda one, minute: one > 8 or not 140 <= minute < 150,
                up=lambda minute: not 160 <= minute < 163,
                starts=(0, 163),
            ),
            (*(check for alert, _ in ISSUES for check in steady(alert, 40, 229, 1)), now(232)),
        ),
        Story(
            "every-issue-without-a-reading",
            "Issues that are still told although no reading is fresh open nothing: whoever tells them does not know.",
            Town(
                size=40,
                minutes=100,
                issues=lambda one, _minute: frozenset([ISSUES[one - 1][1]] if one <= 8 else []),
                failed=lambda one, _minute: float(one <= 8),
                answers=lambda one, minute: one > 8 or minute < 5,
                withdraws_after=10**9,
            ),
            (tickets(64), tickets(100, XeroOrganizationPollStale=8)),
        ),
        Story(
            "not-found-with-old-data",
            "Eight with a ticket are no longer known to the platform, and what was known is still told for a while: "
            "every ticket resolves at once.",
            Town(
                size=100,
                minutes=66,
                issues=lambda one, _minute: frozenset([ISSUES[one - 1][1]] if one <= 8 else []),
                not_found=lambda one, minute: one <= 8 and minute >= 60,
                tells_not_found=True,
            ),
            (now(59, **{alert: 1 for alert, _ in ISSUES}), now(62)),
        ),
        Story(
            "slow-tickets",
            "Failed records, an authorisation that ends, one that is not answered for: through an incident, no answer "
            "and a restart each ticket stays, and none opens.",
            Town(
                size=30,
                minutes=1800,
                step=5,
                failed=lambda one, minute: float((one == 1 and minute < 1780) or (one == 4 and minute >= 180)),
                expiry=lambda one, minute: (
                    (7.5 if one == 2 else 8.1) * 1440.0 if one in {2, 5} and minute < 1780 else minute + 30
                ),
                issues=having("disconnected", first=30, last=10, begins=1600, ends=1720),
                answers=lambda one, minute: not (one <= 2 and 1640 <= minute < 1660) and (one != 3 or minute >= 1780),
                up=lambda minute: not 1670 <= minute < 1680,
                starts=(0, 1680),
            ),
            (
                *steady("XeroFailedRecords", 1460, 1779, 1),
                # The other one, near its end from 1584 on, waits for the end of the incident: 1720, and half an hour.
                *steady("XeroTokenExpiring", 1480, 1745, 1),
                *steady("XeroOrganizationPollStale", 80, 1779, 1),
                now(1790),
            ),
        ),
        Story(
            "slow-tickets-without-a-reading",
            "What is told without a fresh reading opens nothing, however long.",
            Town(
                size=20,
                minutes=1600,
                step=5,
                failed=lambda _one, _minute: 1,
                expiry=lambda _one, _minute: 7.5 * 1440.0,
                answers=silent(5, 10**9),
                withdraws_after=10**9,
            ),
            (ever(1600, XeroPollingStale=1, XeroPlatformErrors=1, XeroMonitoringCoverageBurn=1),),
        ),
    )


@cache
def all_stories() -> tuple[Story, ...]:
    """Every story, each with a name of its own."""
    return (
        *_fleets(),
        *_lives(),
        *_gaps(),
        *_shards(),
        *_twice(),
        *_ending(),
        *_incidents(),
        *_doubts(),
        *remediation_stories(),
        *_every_kind(),
    )
