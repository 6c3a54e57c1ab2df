"""Every query of every dashboard, asked of a real Prometheus that scrapes a real exporter and evaluates the rules.

Rules, and the durations in the queries, run 240 times as fast as shipped.
"""

from __future__ import annotations

import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.__main__ import write as write_alerts
from dashboards.reading import Query, queries
from dashboards.writing import write as write_boards
from exporter.simulator.answers import Answer
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization
from exporter.simulator.xero import Xero
from exporter.simulator.xero_server import XeroSimulator
from tests.e2e.processes import eventually, exporter, in_thread, platform, prometheus

TOKEN = "canary-e2e-boards-token"
SECRET = "canary-e2e-boards-secret"
TOKENS = {"alerts": "canary-e2e-boards-alerts", "operator": "canary-e2e-boards-operator"}
SCALE = 240
WELL = uniform_fleet(40, minute=5, seed=3)
TROUBLED = (
    SimulatedOrganization(
        "gone", "Old Quay Bowls", "5f4e3d2c-0000-4000-8000-000000000001", "customer_disconnects", 100
    ),
    SimulatedOrganization("invoices", "Fernhill Choir", "5f4e3d2c-0000-4000-8000-000000000003", "bad_account_code", 60),
    SimulatedOrganization("expired", "Larkspur Chess", "5f4e3d2c-0000-4000-8000-000000000002", "token_expires", 150),
)
"""In trouble as soon as their script is let go on."""

STUCK = SimulatedOrganization("stuck", "Tarn Sailing", "5f4e3d2c-0000-4000-8000-000000000004", "xero_outage", 100)
"""Whose records wait for a retry, after an outage of Xero; as soon as its script is let go on."""

SILENT = WELL[-1].id
"""Of whom the platform fails to tell, later."""

VAGUE = WELL[-2].id
"""Of whom the platform does not say whether it is connected, later."""


class Watched:
    """Everything at work together."""

    def __init__(
        self, simulator: Simulator, url: str, xero: Xero, boards: Path, ask: Callable[[str], list[dict[str, Any]]]
    ) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.url = url
        self.xero = xero
        self.boards = {file.stem: json.loads(file.read_text()) for file in sorted(boards.glob("*.json"))}
        self.ask = ask

    def post(self, path: str, document: object, token: str = "") -> int:
        """What the exporter answers to a post."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(document).encode(), headers)  # noqa: S310 - this machine
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    def has_data(self, query: Query, organization_id: str) -> bool:
        """Whether the query gives a number; of the last seconds, if it is of a range."""
        expr = query.filled(job="xero", organization_id=organization_id, rate_interval="8s")
        if query.where.startswith("annotation"):
            # An alert begins once: it is looked for in all that was.
            expr = f"max_over_time(({expr})[10m:1s])"
        values = [float(one["value"][1]) for one in self.ask(expr)]
        return any(not math.isnan(value) for value in values)

    def without_data(self, asked: Sequence[Query]) -> list[str]:
        """Where there is no data, for none of the organisations that it may be looked for at."""
        ids = [one.id for one in (*TROUBLED, WELL[0])] + [SILENT, VAGUE]
        return [
            query.where
            for query in asked
            if not any(self.has_data(query, one) for one in (ids if "$organization_id" in query.expr else ids[:1]))
        ]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A fleet in which all is well yet, and everything that the dashboards need."""
    folder = tmp_path_factory.mktemp("boards")
    write_alerts(folder / "scaled", SCALE)
    write_boards(folder / "json", SCALE)
    fleet = (*WELL, *TROUBLED, STUCK)
    (folder / "xero-secret").write_text(SECRET)
    with ExitStack() as running:
        simulator = running.enter_context(platform(folder, fleet, token=TOKEN))
        xero = XeroSimulator(Xero(simulator.world, client_id="the-app", client_secret=SECRET))
        running.enter_context(in_thread(xero))
        # Half of them from a file, all of them from a server.
        (folder / "organizations.yml").write_text(organizations_yaml(fleet[:20]))
        for one in (*TROUBLED, STUCK):
            simulator.world.override(one.id, simulator.world.shows(WELL[0].id))  # type: ignore[arg-type]
        config = (
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}\n"
            "organizations:\n  file: organizations.yml\n"
            f"  http: {{url: '{simulator.url}/xero/organizations.sd.json', token_file: token, refresh: 5s}}\n"
            "poll: {interval: 2s, stale_after: 10s}\n"
            f"xero: {{api_url: '{xero.url}', "
            f"identity_url: '{xero.url}', "
            "app: {client_id: the-app, client_secret_file: xero-secret, refresh: 10s}}\n"
            "remediation: {mode: auto, include: ['.*']}\n"
        )
        # Not the environment of other tests, which keeps exporters from all status pages: these are of this machine.
        environment = {
            "XERO_EXPORTER_XERO__STATUS_PAGES": json.dumps(list(xero.pages)),
            "XERO_EXPORTER_WEB__OPEN_READING": "true",
            "XERO_EXPORTER_WEB__TOKENS": json.dumps(
                [{"name": role, "role": role, "token": token} for role, token in TOKENS.items()]
            ),
        }
        url, _ = running.enter_context(exporter(folder, config, environment))
        ask = running.enter_context(prometheus(folder, url, rules=folder / "scaled/rules/xero.yml"))
        yield Watched(simulator, url, xero.xero, folder / "json", ask)


def test_every_query_has_data_and_where_it_may_have_none_it_can_have_some(watched: Watched) -> None:
    """All is well: only panels that say what their emptiness means are empty. Then much is wrong: none is."""
    asked = [query for board in watched.boards.values() for query in queries(board)]
    always = [query for query in asked if not query.empty]
    assert len(always) > 50
    assert len(always) < len(asked)
    comes_to_nothing(watched, always, within=40)
    # What says that all is well when it is empty is empty.
    assert watched.ask('sum(xero_organizations_affected{job="xero"})')[0]["value"][1] == "0"
    good_news = always_empty(watched)
    assert len(watched.without_data(good_news)) == len(good_news)

    # Three customers get into trouble, one waits for a retry, one is not answered for, one in doubt; then a quarter.
    for one in TROUBLED:
        watched.world.clear(one.id)
    watched.world.override(SILENT, Answer(500, {}, b"{}"))
    shown = watched.world.shows(VAGUE)
    assert isinstance(shown, dict)
    watched.world.override(VAGUE, {**shown, "connected": None})
    something_is_done(watched)
    eventually(
        lambda: len(watched.ask('ALERTS{scope="organization", alertstate="firing"}')) >= len(TROUBLED), within=60
    )
    for one in WELL[:12]:
        watched.world.override(one.id, watched.world.shows("gone"))  # type: ignore[arg-type]
    comes_to_nothing(watched, asked, within=40)

    # They recover, and that is told too.
    turned, recovered = (one for one in asked if one.where.startswith("Who turns bad"))
    eventually(lambda: value(watched, turned) >= 12, within=20)
    watched.world.clear()
    eventually(lambda: value(watched, recovered) >= 12, within=30)


def something_is_done(watched: Watched) -> None:
    """A retry that a person asks for helps; one that an alert asks for is held; and posts are refused."""
    watched.world.clear(STUCK.id)
    eventually(lambda: watched.ask(f'xero_failed_syncs{{job="xero", organization_id="{STUCK.id}"}} > 0'))
    alert = {
        "status": "firing",
        "labels": {
            "alertname": "XeroInvoicesFailing",
            "organization_id": "invoices",
            "issue": "invoices_failing",
            "remediation": "request",
        },
        "startsAt": "2026-01-15T03:00:00Z",
        "fingerprint": "0123456789abcdef",
    }
    assert watched.post("/hooks/alertmanager", {"version": "4", "alerts": [alert]}, TOKENS["alerts"]) == 202
    wanted = {"sync_type": "contacts", "record_ids": ["uuid-1"], "note": "Xero is back"}
    assert watched.post(f"/api/v1/organizations/{STUCK.id}/retry", wanted, TOKENS["operator"]) == 202
    eventually(lambda: watched.simulator.calls)
    well = watched.world.shows(WELL[0].id)
    assert isinstance(well, dict)
    # At this pace the simulator's own retry would take two minutes: this is how it ends.
    synced = datetime.now(UTC) + timedelta(seconds=2)
    watched.world.override(STUCK.id, {**well, "last_sync": synced.isoformat(timespec="seconds")})

    def refused() -> bool:
        assert watched.post("/hooks/alertmanager", {}) == 401
        return bool(watched.ask('ALERTS{alertname="XeroRemediationWebhookRejected", alertstate="firing"}'))

    eventually(refused)


def always_empty(watched: Watched) -> list[Query]:
    """The queries that must have nothing to show while all is well."""
    good = {"of no fresh organisation an issue is known", "of no fresh organisation a recent error is known"}
    good |= {"nothing that is known of fires", "nobody who was asked; who was not stands beside"}
    good |= {"no failure is known in this time", "nothing that is known of is held"}
    good |= {"no attempt is known to have ended in this time", "no post is known in this time"}
    good |= {"no action is known to have ended in this time", "no action is known to have helped in this time"}
    good |= {"nothing is known to have asked in this time", "no unfinished action is known in this time"}
    found = [query for board in watched.boards.values() for query in queries(board) if query.empty in good]
    assert {query.empty for query in found} == good
    return found


def value(watched: Watched, query: Query) -> float:
    """The one value of a query."""
    [one] = watched.ask(query.filled(job="xero", organization_id="", rate_interval="8s"))
    return float(one["value"][1])


def comes_to_nothing(watched: Watched, asked: Sequence[Query], *, within: float) -> None:
    """Waits until none of these queries is without data; fails with those that are."""
    deadline = time.monotonic() + within
    left = list(asked)
    while left:
        missing = set(watched.without_data(left))
        left = [query for query in left if query.where in missing]
        assert not left or time.monotonic() < deadline, f"no data: {sorted(missing)}"
        time.sleep(0.2)
