"""From a customer of the simulated platform to whoever is told: exporter, Prometheus, Alertmanager, all real."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.__main__ import write
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization
from tests.e2e.alerting import Mailbox, alertmanager, everywhere_to
from tests.e2e.processes import eventually, exporter, platform, prometheus

TOKEN = "canary-e2e-admin-token"
SCALE = 120
"""A ticket opens after 15 s, not after 30 minutes. Polling cannot be hurried like that: stale is after 10 s."""
OPEN = 'ALERTS{alertname!="XeroWatchdog", alertstate="firing"}'
EVER_OPEN = f"last_over_time({OPEN}[1h])"
Query = Callable[[str], list[dict[str, Any]]]

FLEET = (
    *uniform_fleet(40, minute=5, seed=3),
    SimulatedOrganization(
        "gone", "Old Quay Bowls Club", "5f4e3d2c-0000-4000-8000-000000000001", "customer_disconnects", 100
    ),
    SimulatedOrganization(
        "expired", "Larkspur Chess Circle", "5f4e3d2c-0000-4000-8000-000000000002", "token_expires", 150
    ),
    SimulatedOrganization("invoices", "Fernhill Choir", "5f4e3d2c-0000-4000-8000-000000000003", "bad_account_code", 60),
    SimulatedOrganization(
        "contacts", "Northgate Tennis", "5f4e3d2c-0000-4000-8000-000000000007", "duplicate_contacts", 50
    ),
    SimulatedOrganization(
        "payments", "Eastcliff Rowers", "5f4e3d2c-0000-4000-8000-000000000008", "reconciliation_mismatch", 70
    ),
    SimulatedOrganization("waiting", "Millbrook Bridge", "5f4e3d2c-0000-4000-8000-000000000009", "sync_stale", 1700),
    # Two failed records and one error older than the last sync, as the platform's own sample has it: healthy.
    SimulatedOrganization(
        "mended", "Saltmarsh Sailing", "5f4e3d2c-0000-4000-8000-000000000004", "duplicate_contacts", 130
    ),
    SimulatedOrganization("never", "Seven Elms Gardens", "5f4e3d2c-0000-4000-8000-000000000005", "never_connected", 0),
    SimulatedOrganization(
        "nobody", "Foxglove Football", "5f4e3d2c-0000-4000-8000-000000000006", "unknown_to_platform", 0
    ),
    SimulatedOrganization("nightly", "Riverside Runners", "5f4e3d2c-0000-4000-8000-000000000010", "nightly", 700),
)

TICKETS = {
    ("customer-success", "XeroDisconnected", "gone"),
    ("customer-success", "XeroTokenExpired", "expired"),
    ("finance-support", "XeroInvoicesFailing", "invoices"),
    ("remediation", "XeroInvoicesFailing", "invoices"),
    ("support", "XeroContactsNotSyncing", "contacts"),
    ("remediation", "XeroContactsNotSyncing", "contacts"),
    ("finance-support", "XeroReconciliationFailing", "payments"),
    ("remediation", "XeroReconciliationFailing", "payments"),
    ("platform-tickets", "XeroSyncStale", "waiting"),
    ("remediation", "XeroSyncStale", "waiting"),
}
PAGE = ("pager", "XeroMassDisconnect", "")
BROKEN = {organization for _, _, organization in TICKETS}
"""Too few of them fail to sync for a page about the fleet or its budget: five would be needed."""


class Watched:
    """Everything running together."""

    def __init__(self, folder: Path, simulator: Simulator, mailbox: Mailbox, query: Query) -> None:
        self.folder = folder
        self.world = simulator.world
        self.mailbox = mailbox
        self.query = query

    def become(self, organizations: Iterable[str], like: str) -> None:
        """The platform says of these what it says of another."""
        shown = self.world.shows(like)
        assert isinstance(shown, dict)
        for one in organizations:
            self.world.override(one, shown)

    def follow_their_scripts(self, organizations: Iterable[str]) -> None:
        """The platform says of these what their scripts say."""
        for one in organizations:
            self.world.clear(one)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """The shipped rules and routes, 120 times as fast, from a platform to a mailbox; all is well, and the way works."""
    folder = tmp_path
    write(folder / "scaled", SCALE)
    config = (
        "organizations: {file: organizations.yml}\npoll: {interval: 2s, stale_after: 10s}\nxero: {status_pages: []}\n"
    )
    with Mailbox() as mailbox, platform(folder, FLEET, token=TOKEN) as simulator:
        routes = everywhere_to(mailbox, (folder / "scaled" / "alertmanager.yml").read_text())
        config = f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}\n{config}"
        well = simulator.world.shows(FLEET[0].id)
        assert isinstance(well, dict)
        for one in BROKEN:
            simulator.world.override(one, well)
        with (
            alertmanager(folder, routes) as told,
            exporter(folder, config) as (url, _),
            prometheus(folder, url, rules=folder / "scaled/rules/xero.yml", alertmanager=told) as query,
        ):
            # What is told reaches whoever is told, and the records are past the warm-up after a start.
            eventually(mailbox.notifications)
            eventually(lambda: query("job_kind:xero_organizations_affected:ratio"))
            assert query(EVER_OPEN) == []
            yield Watched(folder, simulator, mailbox, query)


def test_the_right_people_are_told_one_incident_is_one_page_and_recovery_ends_it_all(watched: Watched) -> None:
    """Six customers: their tickets; twenty more at once: one page, no ticket; then all is well, and all resolves."""
    mailbox = watched.mailbox
    watched.follow_their_scripts(BROKEN)
    mailbox.comes_to(TICKETS, within=90)

    # Twenty more are disconnected in one second. What the platform says of "gone", it says of them.
    together = [one.id for one in FLEET[:20]]
    watched.become(together, "gone")
    mailbox.comes_to({*TICKETS, PAGE}, within=60)
    # Amid the incident somebody authorises again, and that ticket is closed at once.
    watched.become(["expired"], FLEET[30].id)
    mended = {one for one in TICKETS if one[2] == "expired"}
    mailbox.comes_to(mended, "resolved", within=60)
    # Tickets open after 15 s: with no incident they would all be open.
    since = f'xero_issue_since_timestamp_seconds{{issue="disconnected", organization_id=~"{"|".join(together)}"}}'
    eventually(lambda: watched.query(f"count(time() - {since} > 17) == {len(together)}"), within=60)
    opened = {
        one["metric"]["organization_id"] for one in watched.query(EVER_OPEN) if "organization_id" in one["metric"]
    }
    assert opened == BROKEN
    assert mailbox.told("resolved") == mended

    # Everybody is well again; those whose errors linger for ten minutes leave the platform.
    watched.follow_their_scripts(together)
    watched.become(["gone", "waiting"], FLEET[30].id)
    gone = {"invoices", "contacts", "payments"}
    (watched.folder / "organizations.yml").write_text(organizations_yaml(one for one in FLEET if one.id not in gone))
    mailbox.comes_to({*TICKETS, PAGE}, "resolved", within=60)
    eventually(lambda: not watched.query(OPEN))
    time.sleep(6)  # longer than every wait of the routes but the digest's: whatever was to be told would be here
    assert mailbox.told() == mailbox.told("resolved") == {*TICKETS, PAGE}
    assert watched.query(OPEN) == []
    pages = [one for one in mailbox.notifications() if one["receiver"] == "pager"]
    assert [one["status"] for one in pages] == ["firing", "resolved"]
    whoever_watches_the_watchman_was_told_all_the_time(watched)
    nothing_personal_was_delivered(watched)


def whoever_watches_the_watchman_was_told_all_the_time(watched: Watched) -> None:
    """And the dead man's switch was never told of a recovery."""
    pings = [one for one in watched.mailbox.notifications() if one["receiver"] == "dead-mans-switch"]
    assert len(pings) > 5
    assert {one["status"] for one in pings} == {"firing"}
    assert {one["groupLabels"]["alertname"] for one in pings} == {"XeroWatchdog"}


def nothing_personal_was_delivered(watched: Watched) -> None:
    """No e-mail address, name or error text; labels and annotations are those of the rules, and each is filled in."""
    notifications = watched.mailbox.notifications()
    assert {one["receiver"] for one in notifications} > {"pager", "remediation", "finance-support", "support"}
    delivered = set(texts_in(notifications))
    assert delivered >= BROKEN  # what is delivered is found where it is looked for
    shown = [watched.world.shows(one.id, overridden=False) for one in FLEET]
    errors = {str(error["message"]) for one in shown if isinstance(one, dict) for error in list(one["errors"])}
    assert len(errors) >= 5
    personal = {*errors, *(one.name for one in FLEET), *(one.xero_tenant_id for one in FLEET), TOKEN}
    for text in (*personal, "@", "{{", "no value"):
        assert not [one for one in delivered if text in one], text
    labels = {name for one in notifications for alert in one["alerts"] for name in alert["labels"]}
    assert labels == {"alertname", "job", "organization_id", "severity", "scope", "team", "remediation", "issue"}
    annotations = {name for one in notifications for alert in one["alerts"] for name in alert["annotations"]}
    assert annotations == {"summary", "description", "runbook_url", "dashboard_url", "steps_url"}


def texts_in(document: object) -> Iterator[str]:
    """Every text of a JSON document, keys included, as it is and not as JSON writes it."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        yield from texts_in([*document, *document.values()])
    elif isinstance(document, list):
        for one in document:
            yield from texts_in(one)
