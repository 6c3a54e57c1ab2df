"""From a customer of the simulated platform to whoever is told: exporter, Prometheus, Alertmanager, all real."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

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

FLEET = (
    *uniform_fleet(40, minute=5, seed=3),
    SimulatedOrganization(
        "gone", "Old Quay Bowls Club", "5f4e3d2c-0000-4000-8000-000000000001", "customer_disconnects", 100
    ),
    SimulatedOrganization(
        "expired", "Larkspur Chess Circle", "5f4e3d2c-0000-4000-8000-000000000002", "token_expires", 150
    ),
    SimulatedOrganization("invoices", "Fernhill Choir", "5f4e3d2c-0000-4000-8000-000000000003", "bad_account_code", 60),
    # Two failed records and one error older than the last sync, as the platform's own sample has it: healthy.
    SimulatedOrganization(
        "mended", "Saltmarsh Sailing", "5f4e3d2c-0000-4000-8000-000000000004", "duplicate_contacts", 130
    ),
    SimulatedOrganization("never", "Seven Elms Gardens", "5f4e3d2c-0000-4000-8000-000000000005", "never_connected", 0),
    SimulatedOrganization(
        "nobody", "Foxglove Football", "5f4e3d2c-0000-4000-8000-000000000006", "unknown_to_platform", 0
    ),
)

TICKETS = {
    ("customer-success", "XeroDisconnected", "gone"),
    ("customer-success", "XeroTokenExpired", "expired"),
    ("finance-support", "XeroInvoicesFailing", "invoices"),
    ("remediation", "XeroInvoicesFailing", "invoices"),
}
PAGE = ("pager", "XeroMassDisconnect", "")


class Watched:
    """Everything running together."""

    def __init__(self, folder: Path, simulator: Simulator, mailbox: Mailbox) -> None:
        self.folder = folder
        self.world = simulator.world
        self.mailbox = mailbox


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """The shipped rules and routes, 120 times as fast, from a platform to a mailbox."""
    folder = tmp_path
    write(folder / "scaled", SCALE)
    config = (
        "organizations: {file: organizations.yml}\npoll: {interval: 2s, stale_after: 10s}\nxero: {status_pages: []}\n"
    )
    with Mailbox() as mailbox, platform(folder, FLEET, token=TOKEN) as simulator:
        routes = everywhere_to(mailbox, (folder / "scaled" / "alertmanager.yml").read_text())
        config = f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}\n{config}"
        with (
            alertmanager(folder, routes) as told,
            exporter(folder, config) as (url, _),
            prometheus(folder, url, rules=folder / "scaled/rules/xero.yml", alertmanager=told),
        ):
            yield Watched(folder, simulator, mailbox)


# Among the slow checks until it is steady: the first alerts can be lost before Alertmanager is found, and Prometheus
# tells them again only after a minute, which these scaled seconds do not have.
@pytest.mark.verify
def test_the_right_people_are_told_one_incident_is_one_page_and_recovery_ends_it_all(watched: Watched) -> None:
    """Three customers: three tickets; twenty at once: one page and no ticket; then all is well, and all resolves."""
    mailbox, world = watched.mailbox, watched.world
    mailbox.comes_to(TICKETS, within=90)

    # Twenty more are disconnected in one second. What the platform says of "gone", it says of them.
    together = [one.id for one in FLEET[:20]]
    for one in together:
        shown = world.shows("gone")
        assert isinstance(shown, dict)
        world.override(one, shown)
    eventually(lambda: PAGE in mailbox.told(), within=60)
    time.sleep(25)  # tickets open after 15 s: they would be here
    assert mailbox.told() == {*TICKETS, PAGE}
    assert mailbox.told("resolved") == set()

    # Everybody is well again; the one whose error lingers for ten minutes leaves the platform.
    for one in together:
        world.clear(one)
    for one, like in (("gone", FLEET[30]), ("expired", FLEET[31])):
        shown = world.shows(like.id)
        assert isinstance(shown, dict)
        world.override(one, shown)
    left = [one for one in FLEET if one.id != "invoices"]
    (watched.folder / "organizations.yml").write_text(organizations_yaml(left))
    mailbox.comes_to({*TICKETS, PAGE}, "resolved", within=60)
    time.sleep(5)
    assert mailbox.told() == {*TICKETS, PAGE}
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
    assert {one["receiver"] for one in notifications} > {"pager", "remediation", "finance-support"}
    everything = json.dumps(notifications)
    texts = [
        str(error["message"])
        for one in FLEET
        for shown in [watched.world.shows(one.id, overridden=False)]
        if isinstance(shown, dict)
        for error in list(shown["errors"])
    ]
    assert texts
    for text in (*texts, *(one.name for one in FLEET), *(one.xero_tenant_id for one in FLEET), "@", TOKEN):
        assert text not in everything
    assert "{{" not in everything
    assert "no value" not in everything
    labels = {name for one in notifications for alert in one["alerts"] for name in alert["labels"]}
    assert labels == {"alertname", "job", "organization_id", "severity", "scope", "team", "remediation", "issue"}
    annotations = {name for one in notifications for alert in one["alerts"] for name in alert["annotations"]}
    assert annotations == {"summary", "description", "runbook_url", "dashboard_url", "steps_url"}
