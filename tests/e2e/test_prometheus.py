"""A real Prometheus scrapes the real command: what it stores is what the simulated platform says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.expose.reference import all_families
from tests.e2e.processes import eventually, exporter, get, platform, program, prometheus

TOKEN = "canary-e2e-admin-token"
STATUS = "/api/admin/integrations/xero/{}/status"
Query = Callable[[str], list[dict[str, Any]]]


class Watched:
    """Everything running together."""

    def __init__(self, folder: Path, platform_url: str, exporter_url: str, query: Query) -> None:
        self.folder = folder
        self.platform_url = platform_url
        self.exporter_url = exporter_url
        self.query = query
        self.ids = [entry["id"] for entry in yaml.safe_load((folder / "organizations.yml").read_text())]

    def status(self, organization: str) -> dict[str, Any]:
        """What the platform says of one organisation, asked directly."""
        return dict(json.loads(get(self.platform_url + STATUS.format(organization), TOKEN)))

    def stored(self, family: str) -> dict[str, float]:
        """What Prometheus stored of a family, by organisation."""
        return {one["metric"]["organization_id"]: float(one["value"][1]) for one in self.query(family)}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One Prometheus, one exporter, one platform for all tests of this file."""
    program("prometheus")
    folder = tmp_path_factory.mktemp("e2e")
    with platform(folder, organizations=40, token=TOKEN) as platform_url:
        config = (
            f"platform: {{url: '{platform_url}', token_file: token, timeout: 1s}}\n"
            "organizations: {file: organizations.yml, "
            f"http: {{url: '{platform_url}/xero/organizations.sd.json', token_file: token}}}}\n"
            "poll: {interval: 2s}\n"
        )
        with exporter(folder, config) as (url, _), prometheus(folder, url) as query:
            yield Watched(folder, platform_url, url, query)


def epoch(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("family", "field", "value"),
    [
        ("xero_connected", "connected", float),
        ("xero_token_expiry_timestamp_seconds", "token_expires_at", epoch),
        ("xero_last_sync_timestamp_seconds", "last_sync", epoch),
        ("xero_pending_syncs", "pending_syncs", float),
        ("xero_failed_syncs", "failed_syncs", float),
        ('xero_sync_status{status="healthy"}', "sync_status", lambda word: float(word == "healthy")),
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
    """And so is every family of the exporter itself, but the one that is there only during a pause."""
    sometimes = {"xero_exporter_platform_paused_until_timestamp_seconds"}
    eventually(lambda: watched.query("xero_poll_failure"))
    families = list(all_families())
    assert len(families) > 30
    for family in families:
        if family.name not in sometimes:
            name = f"{family.name}_count" if family.kind == "histogram" else family.name
            assert eventually(partial(watched.query, name)), name


def test_every_failing_organisation_is_told_with_its_failure(watched: Watched) -> None:
    """The unknown, the refused, the hanging, the dripping: each by its class, with poll_success 0."""
    wanted = {"not_found", "auth", "timeout"}
    eventually(lambda: wanted <= {one["metric"]["failure"] for one in watched.query("xero_poll_failure")})
    failing = {one["metric"]["organization_id"] for one in watched.query("xero_poll_failure")}
    assert failing == set(watched.stored("xero_poll_success == 0"))


def test_the_counts_by_freshness_add_up_to_the_list(watched: Watched) -> None:
    """Nobody is lost between the file and Prometheus."""
    eventually(lambda: float(watched.query("sum(xero_organizations)")[0]["value"][1]) == len(watched.ids))
    assert set(watched.stored("xero_poll_success")) <= set(watched.ids)


def test_promtool_finds_nothing_to_complain_about(watched: Watched) -> None:
    """Names, types, units and HELP are as Prometheus wants them."""
    page = get(f"{watched.exporter_url}/metrics")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_nothing_personal_and_no_secret_leaves(watched: Watched) -> None:
    """The token, e-mail addresses, names and error texts of the platform: not in metrics, API, page or log."""
    texts = set()
    for name in watched.stored("xero_poll_success == 1"):
        texts |= {error["message"] for error in watched.status(name)["errors"]}
    assert texts, "the platform reports no error text, so this test would prove nothing"
    names = {entry["name"] for entry in yaml.safe_load((watched.folder / "organizations.yml").read_text())}
    paths = ["/metrics", "/", "/api/v1/fleet", "/api/v1/organizations?limit=1000", "/api/openapi.json", "/nowhere"]
    paths += [f"/api/v1/organizations/{name}" for name in watched.ids]
    told = [(watched.folder / "exporter.log").read_text()]
    for path in paths:
        try:
            told.append(get(watched.exporter_url + path))
        except OSError as error:
            told.append(str(error))
    everything = "\n".join(told)
    assert TOKEN not in everything
    assert "@example" not in everything
    for text in texts | names:
        assert text not in everything
