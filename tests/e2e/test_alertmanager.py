"""The second and the third line against storms, apart from the first: a real Alertmanager with the shipped routes."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.entries import Alert
from alerts.routes import scaled_routes
from alerts.table import all_alerts
from tests.e2e.alerting import Mailbox, alertmanager, everywhere_to, post
from tests.e2e.processes import eventually
from tests.needs import program

ALERTS = Path(__file__).parents[2] / "alerts"
BY_NAME = {alert.name: alert for alert in all_alerts()}
SCALE = 120
"""group_wait of tickets 0.5 s, group_interval 5 s."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[str, Mailbox]]:
    """An Alertmanager of its own, and its mailbox."""
    with Mailbox() as mailbox:
        routes = everywhere_to(mailbox, scaled_routes((ALERTS / "alertmanager.yml").read_text(), SCALE))
        with alertmanager(tmp_path, routes) as url:
            yield url, mailbox


def labels(name: str, organization: int | None = None) -> dict[str, str]:
    """What Prometheus would send of an alert."""
    alert: Alert = BY_NAME[name]
    of = {} if organization is None else {"organization_id": f"org-{organization}"}
    return {"alertname": name, "job": "xero", **alert.labels, **of}


def test_tickets_are_held_back_by_the_page_of_their_incident(running: tuple[str, Mailbox]) -> None:
    """Thirty tickets and a page at once: the page goes out alone; ended together, nothing about the tickets follows."""
    url, mailbox = running
    page = labels("XeroMassDisconnect")
    tickets = [labels("XeroDisconnected", number) for number in range(30)]
    budget = [labels("XeroSyncFreshnessBurnFast"), labels("XeroSyncFreshnessBurnSlow")]
    post(url, [page])
    post(url, [*tickets, *budget])
    mailbox.comes_to({("pager", "XeroMassDisconnect", "")})
    time.sleep(6)  # longer than every group_wait and group_interval of a ticket: it would be here
    post(url, [*tickets, *budget], ended=True)
    post(url, [page], ended=True)
    eventually(lambda: mailbox.told("resolved"))
    time.sleep(6)  # as above
    assert mailbox.told() == mailbox.told("resolved") == {("pager", "XeroMassDisconnect", "")}
    assert len([one for one in mailbox.notifications() if one["receiver"] == "pager"]) == 2


def test_a_named_cause_silences_its_effects_and_another_job_is_not_concerned(running: tuple[str, Mailbox]) -> None:
    """XeroOutage is the page; the same incident without a name in another job pages for itself."""
    url, mailbox = running
    post(url, [labels("XeroOutage"), labels("XeroAppCredentials")])
    post(
        url,
        [
            labels("XeroFleetSyncFailing"),
            labels("XeroStatusPage"),
            {**labels("XeroFleetSyncFailing"), "job": "other"},
            labels("XeroPollingStale"),
            labels("XeroPlatformErrors"),
            labels("XeroOrganizationPollStale", 1),
        ],
    )
    wanted = {
        ("pager", "XeroAppCredentials", ""),
        ("pager", "XeroFleetSyncFailing", ""),
        ("pager", "XeroPollingStale", ""),
    }
    mailbox.comes_to(wanted)
    time.sleep(10)  # the digest waits 7.5 s
    assert mailbox.told() == wanted
    jobs = {one["groupLabels"]["job"] for one in mailbox.notifications() if "Sync" in one["groupLabels"]["alertname"]}
    assert jobs == {"other"}


def test_a_hundred_tickets_of_one_kind_are_one_notification(running: tuple[str, Mailbox]) -> None:
    """137 expired tokens without an incident: one webhook with 20 of them and the number of the rest."""
    url, mailbox = running
    post(url, [labels("XeroTokenExpired", number) for number in range(137)])
    eventually(mailbox.notifications)
    time.sleep(1)
    [notification] = mailbox.notifications()
    assert notification["receiver"] == "customer-success"
    assert (len(notification["alerts"]), notification["truncatedAlerts"]) == (20, 117)


def test_every_silence_of_the_runbooks_silences_its_alert_and_no_other(running: tuple[str, Mailbox]) -> None:
    """Typed as they stand there; then every alert of one organisation is silent, and one of another is not."""
    url, mailbox = running
    for page in sorted((ALERTS / "runbooks").glob("*.md")):
        [line] = re.findall(r"^amtool silence add .*$", page.read_text(), re.MULTILINE)
        words = shlex.split(line.replace('"$USER"', "somebody").replace("=ORG", "=org-1"))
        command = [program("amtool"), *words[1:], f"--alertmanager.url={url}"]
        subprocess.run(command, check=True, capture_output=True)
    everything = [labels(one.name, 1 if one.scope == "organization" else None) for one in all_alerts()]
    # Of another job, because the pages of this one are silent and hold its tickets back all the same.
    others = [{**labels(name, 2), "job": "other"} for name in ("XeroFailedRecords", "XeroSyncStale")]
    post(url, [*everything, *others])
    wanted = {(name, "XeroSyncStale", "org-2") for name in ("remediation", "platform-tickets")}
    wanted.add(("digest", "XeroFailedRecords", "org-2"))
    mailbox.comes_to(wanted)
    time.sleep(1)
    assert mailbox.told() == wanted
