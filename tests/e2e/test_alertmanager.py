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
SCALE = 300
"""group_wait of tickets 0.2 s, group_interval 2 s."""
LONGEST_WAIT = 2.5
"""Seconds in which whatever the routes hold back would be told, but for the digest."""


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


def test_one_page_holds_back_what_has_its_cause(running: tuple[str, Mailbox]) -> None:
    """A refused app, thirty tickets, the budget: the page goes out alone; ended together, nothing else follows."""
    url, mailbox = running
    page = labels("XeroAppCredentials")
    tickets = [labels("XeroDisconnected", number) for number in range(30)]
    budget = [labels("XeroSyncFreshnessBurnFast"), labels("XeroSyncFreshnessBurnSlow")]
    post(url, [page])
    post(url, [*tickets, *budget])
    mailbox.comes_to({("pager", "XeroAppCredentials", "")})
    time.sleep(LONGEST_WAIT)
    post(url, [*tickets, *budget], ended=True)
    post(url, [page], ended=True)
    eventually(lambda: mailbox.told("resolved"))
    time.sleep(LONGEST_WAIT)
    assert mailbox.told() == mailbox.told("resolved") == {("pager", "XeroAppCredentials", "")}
    assert len([one for one in mailbox.notifications() if one["receiver"] == "pager"]) == 2


def test_a_ticket_that_is_mended_amid_an_incident_is_told_as_mended(running: tuple[str, Mailbox]) -> None:
    """Whoever opened a ticket hears of its end: what is inhibited when it ends never ends for its receiver."""
    url, mailbox = running
    ticket = labels("XeroDisconnected", 1)
    told = {("customer-success", "XeroDisconnected", "org-1")}
    page = ("pager", "XeroMassDisconnect", "")
    post(url, [ticket])
    mailbox.comes_to(told)
    post(url, [labels("XeroMassDisconnect")])
    mailbox.comes_to({*told, page})
    post(url, [ticket], ended=True)
    mailbox.comes_to(told, "resolved")
    assert mailbox.told() == {*told, page}


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
            labels("XeroMonitoringCoverageBurn"),
        ],
    )
    wanted = {
        ("pager", "XeroAppCredentials", ""),
        ("pager", "XeroFleetSyncFailing", ""),
        ("pager", "XeroPollingStale", ""),
    }
    mailbox.comes_to(wanted)
    time.sleep(4)  # the digest waits 3 s
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
