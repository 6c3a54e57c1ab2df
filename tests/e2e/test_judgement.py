"""A real Prometheus sees what is wrong with whom, by the scripts of customers and by the view of a simulated Xero."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exporter.model.words import IncidentKind, Issue, ServiceStatus, Verdict
from exporter.simulator.world import SimulatedOrganization, World
from exporter.simulator.xero import PAGES, Notice, Xero
from exporter.simulator.xero_server import XeroSimulator
from tests.e2e.processes import eventually, exporter, get, in_thread, platform, program, prometheus

TOKEN = "canary-e2e-admin-token"
APP, SECRET = "E2E0123456789E2E0123456789E2E012", "canary-e2e-app-secret"
Query = Callable[[str], list[dict[str, Any]]]

SCRIPTS = {
    "well": ("healthy", 5),
    "also-well": ("healthy", 12),
    # Two failed, one error older than the last sync, and healthy: the sample that the platform itself shows.
    "mended": ("duplicate_contacts", 130),
    "never": ("never_connected", 0),
    "gone": ("customer_disconnects", 100),
    "expired": ("token_expires", 150),
    "duplicates": ("duplicate_contacts", 60),
    "silent": ("healthy", 5),
    "unlisted": ("healthy", 20),
    "nobody": ("unknown_to_platform", 0),
}
"""Organisation -> what it lives through, and the minute at which it begins: none changes within a few minutes."""

ISSUES = {
    "gone": {"disconnected"},
    "expired": {"token_expired"},
    "unlisted": {"unauthorized"},
    "silent": {"sync_failing"},
}
"""Organisation -> its issues; besides, syncs of `duplicates` fail, of whichever type its texts say."""


class Watched:
    """Everything running together."""

    def __init__(self, folder: Path, world: World, xero: Xero, url: str, query: Query) -> None:
        self.folder = folder
        self.world = world
        self.xero = xero
        self.url = url
        self.query = query

    def values(self, expression: str, *labels: str) -> dict[tuple[str, ...], float]:
        """What Prometheus stored, by these labels."""
        found = self.query(expression)
        return {tuple(one["metric"][label] for label in labels): float(one["value"][1]) for one in found}

    def issues(self) -> dict[str, set[str]]:
        """Organisation -> its issues, as Prometheus stored them."""
        told: dict[str, set[str]] = {}
        for organization, issue in self.values("xero_issue", "organization_id", "issue"):
            told.setdefault(organization, set()).add(issue)
        return told

    def verdict(self) -> str:
        """The one that is 1; there is exactly one."""
        ((verdict,),) = self.values("xero_fleet_verdict == 1", "verdict")
        return verdict

    def fleet(self) -> dict[str, Any]:
        """The fleet's document."""
        return dict(json.loads(get(f"{self.url}/api/v1/fleet")))


def instant(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One Prometheus, one exporter, one platform and one Xero for all tests of this file."""
    program("prometheus")
    folder: Path = tmp_path_factory.mktemp("judgement")
    (folder / "secret").write_text(SECRET)
    fleet = [
        SimulatedOrganization(name, f"Club {number}", f"00000000-0000-4000-8000-{number:012}", script, minute)
        for number, (name, (script, minute)) in enumerate(SCRIPTS.items(), start=1)
    ]
    tenants = {one.id: one.xero_tenant_id for one in fleet}
    config = (
        "platform: {url: 'http://127.0.0.1', token_file: token, timeout: 1s}\n"
        "organizations: {file: organizations.yml}\n"
        "poll: {interval: 2s, stale_after: 8s}\n"
        f"xero: {{app: {{client_id: {APP}, client_secret_file: secret, refresh: 10s}}}}\n"
    )
    with platform(folder, fleet, token=TOKEN) as simulator:
        world = simulator.world
        at = datetime.now(UTC).isoformat(timespec="seconds")
        silent = {"connected": True, "last_sync": at, "sync_status": "failing", "failed_syncs": 3, "errors": []}
        world.override("silent", json.dumps(silent).encode())
        xero = Xero(world, client_id=APP, client_secret=SECRET)
        xero.revoke(tenants["unlisted"])
        xero.announce(PAGES[0], Notice("minor", began=world.now() - 60))
        with in_thread(beside := XeroSimulator(xero)):
            environment = {
                "XERO_EXPORTER_PLATFORM__URL": simulator.url,
                "XERO_EXPORTER_XERO__API_URL": beside.url,
                "XERO_EXPORTER_XERO__IDENTITY_URL": beside.url,
                "XERO_EXPORTER_XERO__STATUS_PAGES": json.dumps(beside.pages),
            }
            with exporter(folder, config, environment) as (url, _), prometheus(folder, url) as query:
                yield Watched(folder, world, xero, url, query)


def test_everybody_has_the_issues_of_their_script_and_nobody_else_has_any(watched: Watched) -> None:
    """Also not those that never connected, that the platform does not know, and whose failures are over."""

    def as_they_should_be() -> bool:
        told = watched.issues()
        (failing,) = told.pop("duplicates", {""})
        return failing in {"contacts_failing", "sync_failing"} and told == ISSUES

    eventually(as_they_should_be, within=60)


def test_counts_agree_with_those_who_are_counted(watched: Watched) -> None:
    """By issue and by kind, zero-filled."""

    def agree() -> bool:
        told = watched.issues()
        counted = watched.values("xero_issue_organizations", "issue")
        expected = {(issue.value,): float(sum(issue in one for one in told.values())) for issue in Issue}
        return len(told) == 5 and counted == expected

    eventually(agree, within=60)
    affected = watched.values("xero_organizations_affected", "kind")
    assert affected == {("connection",): 3.0, ("sync",): 2.0}


def test_the_verdict_is_customers_on_every_face(watched: Watched) -> None:
    """Exactly one word is 1; the API and the page say the same."""
    eventually(lambda: watched.verdict() == Verdict.CUSTOMERS, within=60)
    assert set(watched.values("xero_fleet_verdict", "verdict")) == {(verdict.value,) for verdict in Verdict}
    document = watched.fleet()
    assert document["verdict"] == "customers"
    assert document["verdict_means"] in get(f"{watched.url}/")
    assert document["incidents"] == dict.fromkeys(IncidentKind)
    assert watched.query("xero_incident") == [], "nothing is known of incidents in the first half hour"


def test_since_when_is_what_the_facts_say(watched: Watched) -> None:
    """The token's issue began when it expired, and no issue begins in the future or moves."""
    since = 'xero_issue_since_timestamp_seconds{organization_id="expired"}'
    eventually(lambda: watched.query(since), within=60)
    expiry = watched.values('xero_token_expiry_timestamp_seconds{organization_id="expired"}')
    assert watched.values(since) == expiry
    assert watched.query("xero_issue_since_timestamp_seconds > time()") == []
    assert watched.query("xero_issue unless on (organization_id, issue) xero_issue_since_timestamp_seconds") == []
    (row,) = json.loads(get(f"{watched.url}/api/v1/organizations?issue=token_expired"))["organizations"]
    assert instant(row["since"]) == pytest.approx(expiry[()], abs=0.001)


def test_recent_errors_are_counted_without_their_texts(watched: Watched) -> None:
    """Those of the customers whose syncs fail; the mended one has some too, and no issue."""
    eventually(lambda: watched.query('xero_recent_errors{organization_id="duplicates"}'), within=60)
    erring = {name for (name,) in watched.values("sum by (organization_id) (xero_recent_errors)", "organization_id")}
    assert "duplicates" in erring
    assert erring <= {"duplicates", "gone", "expired", "mended"}


def test_xeros_own_view_is_stored(watched: Watched) -> None:
    """Whom it lists, how many connections it has, and what its pages say: minor trouble is no outage."""
    eventually(lambda: watched.query('xero_connection_authorized{organization_id="unlisted"} == 0'), within=60)
    authorized = watched.values("xero_connection_authorized", "organization_id")
    assert authorized["well",] == 1.0
    assert authorized["gone",] == 0.0
    assert set(authorized.values()) == {0.0, 1.0}
    assert watched.values("xero_app_connections") == {(): float(len(watched.xero.connections()))}
    assert watched.values("xero_app_credentials_rejected") == {(): 0.0}
    says = watched.values("xero_service_status == 1", "page", "status")
    assert sorted((page.rpartition("/")[2], status) for page, status in says) == [
        ("status.developer.xero.com", ServiceStatus.NONE),
        ("status.xero.com", ServiceStatus.MINOR),
    ]


def test_promtool_finds_nothing_to_complain_about(watched: Watched) -> None:
    """With every family that judges on the page."""
    eventually(lambda: watched.query("xero_app_connections") and watched.issues(), within=60)
    page = get(f"{watched.url}/metrics")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_refused_token_is_our_problem_and_heals_nobody(watched: Watched) -> None:
    """The verdict changes, what is too old is withdrawn and not called well, and all is back with a new token."""
    eventually(lambda: len(watched.issues()) == 5, within=60)
    watched.world.revoke_token(TOKEN)
    try:
        eventually(lambda: watched.verdict() == Verdict.PLATFORM_CREDENTIAL)
        eventually(lambda: watched.query("xero_issue") == [])
        assert watched.verdict() == Verdict.PLATFORM_CREDENTIAL
        assert watched.query('xero_organizations{freshness="fresh"} == 0')
        document = watched.fleet()
        assert document["verdict_means"].startswith("It is us")
        rows = json.loads(get(f"{watched.url}/api/v1/organizations"))["organizations"]
        assert {row["issues"] for row in rows} == {None}
        assert watched.query('xero_connection_authorized{organization_id="well"} == 1'), "Xero still says so"
    finally:
        watched.world.accept_token(f"{TOKEN}-renewed")
        (watched.folder / "token").write_text(f"{TOKEN}-renewed")
    eventually(lambda: watched.verdict() == Verdict.CUSTOMERS, within=60)
    eventually(lambda: len(watched.issues()) == 5)
