"""A real Prometheus scrapes the real command: what it stores is what the simulated platform says."""

from __future__ import annotations

import json
import subprocess
import urllib.error
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from exporter.expose.reference import all_families
from exporter.model.words import SyncStatus, sync_status_of
from exporter.simulator.answers import Misbehaviour
from exporter.simulator.fleets import demo_fleet
from exporter.simulator.server import Simulator
from tests.e2e.processes import eventually, exporter, get, platform, prometheus
from tests.needs import program

TOKEN = "canary-e2e-admin-token"
STATUS = "/api/admin/integrations/xero/{}/status"
Query = Callable[[str], list[dict[str, Any]]]


class Watched:
    """Everything running together."""

    def __init__(self, folder: Path, simulator: Simulator, exporter_url: str, query: Query) -> None:
        self.folder = folder
        self.world = simulator.world
        self.platform_url = simulator.url
        self.exporter_url = exporter_url
        self.query = query
        self.ids = list(self.world.organizations)

    def status(self, organization: str) -> dict[str, Any]:
        """What the platform says of one organisation, asked directly."""
        return dict(json.loads(get(self.platform_url + STATUS.format(organization), TOKEN)))

    def stored(self, family: str) -> dict[str, float]:
        """What Prometheus stored of a family, by organisation."""
        return {one["metric"]["organization_id"]: float(one["value"][1]) for one in self.query(family)}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One Prometheus, one exporter, one platform for all tests of this file."""
    program("prometheus", "prometheus")
    folder = tmp_path_factory.mktemp("e2e")
    with platform(folder, demo_fleet(40, seed=1), token=TOKEN) as simulator:
        config = (
            f"platform: {{url: '{simulator.url}', token_file: token, timeout: 1s}}\n"
            "organizations: {file: organizations.yml, "
            f"http: {{url: '{simulator.url}/xero/organizations.sd.json', token_file: token}}}}\n"
            "poll: {interval: 2s, stale_after: 8s}\n"
        )
        with exporter(folder, config) as (url, _), prometheus(folder, url) as query:
            everything = Watched(folder, simulator, url, query)
            eventually(lambda: set(everything.stored("xero_poll_success")) == set(everything.ids))
            yield everything


def epoch(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def is_word(known: SyncStatus, word: str) -> float:
    """1 when the platform's word folds to that one."""
    return float(sync_status_of(word) is known)


@pytest.mark.parametrize(
    ("family", "field", "value"),
    [
        ("xero_connected", "connected", float),
        ("xero_token_expiry_timestamp_seconds", "token_expires_at", epoch),
        ("xero_last_sync_timestamp_seconds", "last_sync", epoch),
        ("xero_pending_syncs", "pending_syncs", float),
        ("xero_failed_syncs", "failed_syncs", float),
        *((f'xero_sync_status{{status="{known}"}}', "sync_status", partial(is_word, known)) for known in SyncStatus),
    ],
)
def test_prometheus_holds_what_the_platform_says(
    watched: Watched, family: str, field: str, value: Callable[[Any], float]
) -> None:
    """For every organisation that the platform answers for, and for no other."""

    def the_same() -> bool:
        answering = set(watched.stored("xero_poll_success == 1"))
        said = {name: watched.status(name)[field] for name in answering}
        expected = {name: value(one) for name, one in said.items() if one is not None}
        stored = {name: one for name, one in watched.stored(family).items() if name in answering}
        return bool(expected) and stored == pytest.approx(expected, abs=0.01)

    eventually(the_same)


def test_every_family_of_the_catalogue_is_stored(watched: Watched) -> None:
    """And so is every family of the exporter itself, but those of a doubt, a pause, TLS, a Xero that is not asked.

    Whether there is an incident is not known in the first half hour.
    """
    sometimes = {
        "xero_incident",
        "xero_doubt",
        "xero_connection_authorized",
        "xero_service_status",
        "xero_app_connections",
        "xero_exporter_platform_paused_until_timestamp_seconds",
        "xero_exporter_xero_connections_last_success_timestamp_seconds",
        "xero_exporter_status_page_last_success_timestamp_seconds",
        "xero_exporter_tls_certificate_readable",
        "xero_exporter_tls_certificate_not_after_timestamp_seconds",
        "xero_exporter_remediation_paused_since_timestamp_seconds",
    }
    eventually(lambda: watched.query("xero_poll_failure"))
    families = list(all_families())
    assert len(families) > 30
    for family in families:
        if family.name not in sometimes:
            name = f"{family.name}_count" if family.kind == "histogram" else family.name
            assert eventually(partial(watched.query, name)), name


def test_who_they_are_and_when_they_were_asked_is_stored(watched: Watched) -> None:
    """Tenant ids as listed; instants of the last seconds; a success never later than the attempt."""
    info = {one["metric"]["organization_id"]: one["metric"] for one in watched.query("xero_organization_info")}
    assert {name: one["xero_tenant_id"] for name, one in info.items()} == {
        name: one.xero_tenant_id for name, one in watched.world.organizations.items()
    }
    assert all("name" not in one for one in info.values())
    recent = watched.query("time() - xero_poll_last_attempt_timestamp_seconds < 60")
    assert {one["metric"]["organization_id"] for one in recent} == set(watched.ids)
    early = "xero_poll_last_success_timestamp_seconds > xero_poll_last_attempt_timestamp_seconds"
    assert watched.query(early) == []
    eventually(lambda: watched.query("count(xero_poll_last_success_timestamp_seconds) > 30"))


def test_prometheus_is_served_compressed_and_nobody_else_who_did_not_ask(watched: Watched) -> None:
    """All that the other tests find stored came through gzip; plain pages are those that the tests fetch."""
    get(f"{watched.exporter_url}/metrics")

    def sizes() -> dict[tuple[str, str], float]:
        stored = watched.query("xero_exporter_scrape_bytes")
        return {(one["metric"]["format"], one["metric"]["encoding"]): float(one["value"][1]) for one in stored}

    eventually(lambda: len(sizes()) > 1)
    assert set(sizes()) == {("openmetrics", "gzip"), ("text", "identity")}
    assert sizes()["openmetrics", "gzip"] < sizes()["text", "identity"] / 4


def test_every_failing_organisation_is_told_with_its_failure(watched: Watched) -> None:
    """The unknown, the refused, the hanging, the dripping: each by its class, with poll_success 0, in one scrape."""
    wanted = {"not_found", "auth", "timeout"}
    eventually(lambda: wanted <= {one["metric"]["failure"] for one in watched.query("xero_poll_failure")})
    assert watched.query("xero_poll_failure unless on (organization_id) (xero_poll_success == 0)") == []
    assert watched.query("(xero_poll_success == 0) unless on (organization_id) xero_poll_failure") == []


def test_prometheus_sees_one_fail_go_stale_and_come_back(watched: Watched) -> None:
    """poll_success 0, the success timestamp stands still, data goes after stale_after and comes back."""
    name = next(one.id for one in watched.world.organizations.values() if one.script == "healthy")
    of = f'{{organization_id="{name}"}}'
    eventually(lambda: watched.query(f"xero_connected{of} == 1"))
    watched.world.override(name, Misbehaviour.RESET_AFTER_REQUEST)
    try:
        eventually(lambda: watched.query(f"xero_poll_success{of} == 0"))
        assert watched.query(f'xero_poll_failure{{organization_id="{name}", failure="network"}} == 1')
        stood = watched.query(f"xero_poll_last_success_timestamp_seconds{of}")[0]["value"][1]
        for family in ("connected", "last_sync_timestamp_seconds", "sync_status", "pending_syncs", "failed_syncs"):
            eventually(lambda family=family: watched.query(f"absent(xero_{family}{of})"))  # type: ignore[misc]  # bound at once
        assert watched.query(f"xero_poll_last_success_timestamp_seconds{of}")[0]["value"][1] == stood
        assert watched.query(f"xero_poll_success{of} == 0")
    finally:
        watched.world.clear(name)
    eventually(lambda: watched.query(f"xero_connected{of} == 1"))
    assert watched.query(f"xero_poll_success{of} == 1")


def test_the_counts_by_freshness_add_up_to_the_list(watched: Watched) -> None:
    """Nobody is lost between the file and Prometheus."""
    eventually(lambda: float(watched.query("sum(xero_organizations)")[0]["value"][1]) == len(watched.ids))
    assert set(watched.stored("xero_poll_success")) <= set(watched.ids)


def test_promtool_finds_nothing_to_complain_about(watched: Watched) -> None:
    """Names, types, units and HELP are as Prometheus wants them."""
    page = get(f"{watched.exporter_url}/metrics")
    checked = subprocess.run(
        [program("promtool", "prometheus"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_nothing_personal_and_no_secret_leaves(watched: Watched) -> None:
    """The token, e-mail addresses, names and error texts of the platform: not in metrics, API, page or log."""
    texts = {
        str(error["message"])
        for name in watched.stored("xero_poll_success == 1")
        for error in watched.status(name)["errors"]
    }
    assert texts, "the platform reports no error text, so this test would prove nothing"
    names = {one.name for one in watched.world.organizations.values()}
    # A fault inside: a body that is no JSON, with a text in it that must not be quoted anywhere.
    canary = "Duplicate contact: jane.canary@example.com"
    watched.world.override(watched.ids[0], f'{{"connected": "{canary}", "errors": [{{"message": "{canary}"'.encode())
    eventually(lambda: watched.query(f'xero_poll_failure{{organization_id="{watched.ids[0]}"}} == 1'))
    watched.world.clear(watched.ids[0])
    paths = ["/metrics", "/", "/api/v1/fleet", "/api/v1/organizations?limit=1000", "/api/openapi.json"]
    paths += [f"/api/v1/organizations/{name}" for name in watched.ids]
    paths += ["/nowhere", "/api/v1/organizations/nobody", "/api/v1/organizations?limit=x"]
    told = [(watched.folder / "exporter.log").read_text()]
    for path in paths:
        try:
            told.append(get(watched.exporter_url + path))
        except urllib.error.HTTPError as error:
            told.append(error.read().decode())
    everything = "\n".join(told)
    assert "problem" in everything
    assert TOKEN not in everything
    assert "@example" not in everything
    for text in texts | names | {canary}:
        assert text not in everything
