"""The plain Python exporter: what one writes in an afternoon with stock httpx and prometheus_client.

It polls all organisations, 50 at once, each interval; keeps each sample in a Gauge; and prometheus_client serves them,
gzip at level 9. The families and samples are those of our page.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics, start_http_server

from exporter.model.words import SyncStatus

CONCURRENCY: Final = 50
TIMEOUT: Final = 5.0


class Gauges:
    """Every sample of every organisation, as prometheus_client keeps them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._info = self._gauge("xero_organization_info", "xero_tenant_id")
        self._success = self._gauge("xero_poll_success")
        self._attempt = self._gauge("xero_poll_last_attempt_timestamp_seconds")
        self._last_success = self._gauge("xero_poll_last_success_timestamp_seconds")
        self._connected = self._gauge("xero_connected")
        self._expiry = self._gauge("xero_token_expiry_timestamp_seconds")
        self._last_sync = self._gauge("xero_last_sync_timestamp_seconds")
        self._status = self._gauge("xero_sync_status", "status")
        self._pending = self._gauge("xero_pending_syncs")
        self._failed = self._gauge("xero_failed_syncs")

    def _gauge(self, name: str, *labels: str) -> Gauge:
        return Gauge(name, name, ("organization_id", *labels), registry=self.registry)

    def list(self, organization_id: str, tenant: str) -> None:
        """Says that it is ours."""
        self._info.labels(organization_id, tenant).set(1)

    def update(self, organization_id: str, status: Mapping[str, object] | None) -> None:
        """Takes over what the platform said; None: nothing."""
        now = time.time()
        self._attempt.labels(organization_id).set(now)
        self._success.labels(organization_id).set(status is not None)
        if status is None:
            return
        self._last_success.labels(organization_id).set(now)
        self._connected.labels(organization_id).set(bool(status["connected"]))
        self._expiry.labels(organization_id).set(_instant(status["token_expires_at"]))
        self._last_sync.labels(organization_id).set(_instant(status["last_sync"]))
        for word in SyncStatus:
            self._status.labels(organization_id, word.value).set(word.value == status["sync_status"])
        self._pending.labels(organization_id).set(float(str(status["pending_syncs"])))
        self._failed.labels(organization_id).set(float(str(status["failed_syncs"])))


def _instant(text: object) -> float:
    return datetime.fromisoformat(str(text)).timestamp()


def client(token: str) -> httpx.AsyncClient:
    """Stock httpx, which may keep all its connections: by default it would throw 30 of 50 away each time."""
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    return httpx.AsyncClient(limits=limits, timeout=TIMEOUT, headers={"Authorization": f"Bearer {token}"})


async def ask(client: httpx.AsyncClient, platform: str, organization_id: str, gauges: Gauges) -> bool:
    """Asks about one organisation; whether it answered."""
    try:
        answer = await client.get(f"{platform}/api/admin/integrations/xero/{organization_id}/status")
        status = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        status = None
    gauges.update(organization_id, status)
    return status is not None


async def poll(platform: str, token: str, ids: Sequence[str], gauges: Gauges, interval: float) -> None:
    """Polls for ever, and says when it was through."""
    permits = asyncio.Semaphore(CONCURRENCY)
    async with client(token) as http:

        async def one(organization_id: str) -> bool:
            async with permits:
                return await ask(http, platform, organization_id, gauges)

        turn = 0
        while True:
            began = time.monotonic()
            answered = sum(await asyncio.gather(*map(one, ids)))
            turn += 1
            print(f"round {turn}: {answered} answered", flush=True)
            await asyncio.sleep(max(0.0, began + interval - time.monotonic()))


def listed(file: Path) -> list[dict[str, str]]:
    """The organisations in a file that the simulator wrote: a JSON object a line, after a dash."""
    return [json.loads(line.removeprefix("- ")) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Serves and polls until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.plain", description="The plain Python exporter")
    parser.add_argument("--platform", required=True, help="URL")
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--organizations-file", type=Path, required=True, help="one JSON object a line, after a dash")
    parser.add_argument(
        "--interval", type=float, default=60.0, help="seconds from round to round, or as long as one is"
    )
    options = parser.parse_args()
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one untyped
    gauges = Gauges()
    organizations = listed(options.organizations_file)
    for one in organizations:
        gauges.list(one["id"], one["xero_tenant_id"])
    server, _ = start_http_server(0, "127.0.0.1", registry=gauges.registry)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    token = options.token_file.read_text(encoding="utf-8")
    asyncio.run(poll(options.platform, token, [one["id"] for one in organizations], gauges, options.interval))


if __name__ == "__main__":
    main()
