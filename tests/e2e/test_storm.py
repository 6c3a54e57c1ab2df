"""Three thousand organisations through an outage: how often anybody is told, before, during and after."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from alerts.__main__ import write
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import SimulatedOrganization
from tests.e2e.alerting import Mailbox, alertmanager, everywhere_to
from tests.e2e.processes import eventually, exporter, platform, prometheus

SCALE = 30
"""Rules are evaluated each second, tickets open after one minute, 90 minutes last three."""
MINUTE = 60 / SCALE
ORGANIZATIONS = 3000
HIT = 1000
KINDS = (("gone", "customer_disconnects", 100.0), ("expired", "token_expires", 150.0))
"""What the single customers have who are broken all the time: ten of each, with the script's minute."""
LIKE = [SimulatedOrganization(name, name, "0", script, minute) for name, script, minute in KINDS]
PAGE = ("pager", "XeroMassDisconnect", "")
DOCUMENT = Path(__file__).parents[2] / "docs" / "alerting.md"


class Phase:
    """What was told between two instants, the dead man's switch left out."""

    def __init__(self, notifications: Iterable[dict[str, Any]]) -> None:
        self.notifications = [one for one in notifications if one["receiver"] != "dead-mans-switch"]

    def alerts(self, status: str) -> set[tuple[str, str, str]]:
        """Receiver, alert and organisation (or nothing) of those that were told with that status."""
        return {
            (one["receiver"], alert["labels"]["alertname"], alert["labels"].get("organization_id", ""))
            for one in self.notifications
            for alert in one["alerts"]
            if alert["status"] == status
        }

    def row(self, name: str, known: Iterable[tuple[str, str, str]] = ()) -> str:
        """A line of the table in the document: notifications, pages, tickets opened and closed.

        Args:
            name: of the phase.
            known: tickets that were told before, and are told again beside one that is closed.
        """
        pages = sum(one["receiver"] == "pager" for one in self.notifications)
        opened = sum(bool(one[2]) for one in self.alerts("firing") - set(known))
        closed = sum(bool(one[2]) for one in self.alerts("resolved"))
        return f"| {name} | {len(self.notifications)} | {pages} | {opened} | {closed} |"


@pytest.mark.verify
def test_an_outage_of_a_thousand_of_three_thousand_is_one_page(tmp_path: Path) -> None:
    """Twenty tickets before; in 90 minutes one page, no ticket, the one that is mended closed; then it ends."""
    write(tmp_path / "scaled", SCALE)
    fleet = uniform_fleet(ORGANIZATIONS, minute=5, seed=7)
    single = {kind: [one.id for one in fleet[10 * at : 10 * at + 10]] for at, (kind, _, _) in enumerate(KINDS)}
    together = [one.id for one in fleet[-HIT:]]
    with Mailbox() as mailbox, platform(tmp_path, fleet, token="storm-token") as simulator:
        world = simulator.world
        for like in LIKE:
            world.organizations[like.id] = like  # to copy from: no exporter asks about it
        config = (
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 5s, max_requests_per_second: 300}}\n"
            "organizations: {file: organizations.yml}\npoll: {interval: 15s}\nxero: {status_pages: []}\n"
        )
        routes = everywhere_to(mailbox, (tmp_path / "scaled" / "alertmanager.yml").read_text())
        rules = tmp_path / "scaled/rules/xero.yml"

        def become(organizations: Iterable[str], like: str) -> None:
            shown = world.shows(like)
            assert isinstance(shown, dict)
            for one in organizations:
                world.override(one, shown)

        def lapse(minutes: float) -> Phase:
            before = len(mailbox.notifications())
            time.sleep(minutes * MINUTE)
            return Phase(mailbox.notifications()[before:])

        with (
            alertmanager(tmp_path, routes) as told,
            exporter(tmp_path, config) as (url, _),
            prometheus(tmp_path, url, rules=rules, alertmanager=told, seconds=3) as query,
        ):
            eventually(lambda: query(f"job:xero_organizations_fresh:count == {ORGANIZATIONS}"), within=120)
            eventually(lambda: query('job_kind:xero_organizations_affected:ratio{kind="connection"} == 0'), within=120)
            for kind, organizations in single.items():
                become(organizations, kind)
            before = lapse(60)
            become(together, "expired")
            opening = lapse(45)
            for one in single["gone"][:1]:
                world.clear(one)
            during = Phase([*opening.notifications, *lapse(45).notifications])
            for one in together:
                world.clear(one)
            after = lapse(60)
            still_open = {
                one["metric"]["organization_id"] for one in query('ALERTS{alertstate="firing", scope!="exporter"}')
            }

    tickets = {
        ("customer-success", alert, one)
        for alert, kind in (("XeroDisconnected", "gone"), ("XeroTokenExpired", "expired"))
        for one in single[kind]
    }
    rows = [
        before.row("the hour before"),
        during.row("the 90 minutes", tickets),
        after.row("the hour after", tickets),
    ]
    print("\n" + "\n".join(rows))  # noqa: T201 - the figures are the point
    mended = {one for one in tickets if one[2] in single["gone"][:1]}
    assert (before.alerts("firing"), before.alerts("resolved")) == (tickets, set())
    assert during.alerts("firing") - tickets == {PAGE}
    assert during.alerts("resolved") == mended
    assert after.alerts("firing") == set()
    assert after.alerts("resolved") == {PAGE}
    assert still_open == {one for _, _, one in tickets - mended}
    for row in rows:
        assert row in DOCUMENT.read_text(), "docs/alerting.md tells other figures"
