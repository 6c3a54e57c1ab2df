"""What Alertmanager posts, over real sockets into a real ledger: what it is answered, and what is on the record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from exporter.clock import SystemClock
from exporter.model.action import Mode, TriggerState
from exporter.model.limits import Limits
from exporter.remediation.desk import Desk
from exporter.telemetry.metrics import SelfMetrics
from exporter.web.connection import MAX_HOOK_BYTES
from exporter.web.site import Site
from tests.contract.test_web_routes import ALERTS, OPERATOR, VIEWER, a_site, bearer, problem, serving
from tests.unit.test_remediation_webhook import a_post, an_alert

HOOK = "/hooks/alertmanager"
HEADERS = {"Content-Type": "application/json", **bearer("alerts-secret")}


@dataclass
class Hooked:
    """A server with a ledger, a client of it, and what it counts."""

    client: httpx.AsyncClient
    desk: Desk
    registry: CollectorRegistry
    site: Site

    async def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Posts as Alertmanager does."""
        return await self.client.post(HOOK, content=body, headers={**HEADERS, **headers})

    async def organizations(self) -> list[str]:
        """Whose triggers are in the ledger and not judged yet."""
        return [one.organization_id for one in await self.desk.waiting(20_000)]

    def counted(self, name: str, **labels: str) -> float | None:
        """One sample of the webhook."""
        return self.registry.get_sample_value(f"xero_exporter_remediation_webhook_{name}_total", labels)


@asynccontextmanager
async def hooked(path: Path, *, stopping: bool = False) -> AsyncIterator[Hooked]:
    """All of it, with the ledger in that file."""
    registry = CollectorRegistry(auto_describe=False)
    desk = Desk(f"sqlite:///{path}", clock=SystemClock(), limits=Limits())
    site = replace(
        a_site(),
        desk=desk,
        metrics=SelfMetrics(registry),
        tokens=(VIEWER, OPERATOR, ALERTS),
        stopping=lambda: stopping,
    )
    try:
        async with serving(site) as client:
            yield Hooked(client, desk, registry, site)
    finally:
        await desk.aclose()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the ledger's lock."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


async def test_202_means_that_it_is_on_the_record_and_a_repeat_is_one_trigger(tmp_path: Path) -> None:
    """Twice the same from another Alertmanager of a pair: still two triggers, and both posts are acknowledged."""
    async with hooked(tmp_path / "ledger.db") as its:
        body = [an_alert(), an_alert({"organization_id": "org-2"}), an_alert({"issue": "none of ours"}), "no alert"]
        first = await its.post(a_post(*body))
        again = await its.post(a_post(*body, externalURL="http://other.example", truncatedAlerts=0))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == {"recorded": 2, "repeated": 0, "left_out": {"issue": 1, "malformed": 1}}
        assert again.json() == {"recorded": 0, "repeated": 2, "left_out": {"issue": 1, "malformed": 1}}
        assert await its.organizations() == ["org-1", "org-2"]
        assert its.counted("requests", code="202") == 2
        assert [its.counted("alerts", result=one) for one in ("recorded", "repeated", "issue")] == [2, 2, 2]


async def test_an_organisation_that_is_not_ours_is_acknowledged_too(tmp_path: Path) -> None:
    """Policy holds it; Alertmanager cannot mend that by sending it again."""
    async with hooked(tmp_path / "ledger.db") as its:
        answer = await its.post(a_post(an_alert({"organization_id": "nobody-knows"})))
        assert answer.status_code == 202
        (trigger,) = await its.desk.waiting(10)
        assert (trigger.organization_id, trigger.state) == ("nobody-knows", TriggerState.TRIGGERED)


async def test_nothing_of_what_was_posted_comes_back(tmp_path: Path) -> None:
    """Not in a 202, and not in a refusal."""
    async with hooked(tmp_path / "ledger.db") as its:
        canary = "canary-jane.doe@example.com"
        answers = [
            await its.post(a_post(an_alert({"alertname": canary, "organization_id": canary}), receiver=canary)),
            await its.post(json.dumps({"version": canary, canary: 1}).encode()),
            await its.post(canary.encode()),
        ]
        assert [one.status_code for one in answers] == [202, 422, 422]
        assert not any(canary in one.text for one in answers)


@pytest.mark.parametrize("token", ["viewer-secret", "operator-secret"])
async def test_only_the_role_alerts_may_post(tmp_path: Path, token: str) -> None:
    """An operator may do more elsewhere, and not this; without a token it is 401, and each is counted."""
    async with hooked(tmp_path / "ledger.db") as its:
        assert "alerts" in problem(await its.post(a_post(an_alert()), **bearer(token)), 403)
        problem(await its.post(a_post(an_alert()), Authorization="Bearer wrong"), 401)
        assert await its.organizations() == []
        assert (its.counted("requests", code="403"), its.counted("requests", code="401")) == (1, 1)


async def test_the_role_alerts_may_do_nothing_else(tmp_path: Path) -> None:
    """It reads nothing and changes nothing."""
    async with hooked(tmp_path / "ledger.db") as its:
        for path in ("/metrics", "/", "/api/v1/fleet", "/api/v1/organizations/org-07"):
            problem(await its.client.get(path, headers=bearer("alerts-secret")), 403)
        problem(await its.client.post("/-/reload", headers=HEADERS), 403)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_is_not_sent_as_json_is_415(tmp_path: Path, kind: str) -> None:
    """So that no form of another site is taken for an Alertmanager; a charset beside it is fine."""
    async with hooked(tmp_path / "ledger.db") as its:
        assert "application/json" in problem(await its.post(a_post(an_alert()), **{"Content-Type": kind}), 415)
        answer = await its.post(a_post(an_alert()), **{"Content-Type": "Application/JSON; charset=utf-8"})
        assert answer.status_code == 202


async def test_more_than_8_mib_is_413_whether_it_says_so_or_not(tmp_path: Path) -> None:
    """With its length told, or in pieces, each by a connection of its own; what is just small enough is read."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_HOOK_BYTES // 65536):
            yield b" " * 65536
        yield b" "

    for content in (b" " * (MAX_HOOK_BYTES + 1), pieces()):
        async with hooked(tmp_path / "ledger.db") as its:
            detail = problem(await its.client.post(HOOK, content=content, headers=HEADERS), 413)
            assert str(MAX_HOOK_BYTES) in detail
    async with hooked(tmp_path / "ledger.db") as its:
        body = a_post(an_alert())
        assert (await its.post(body + b" " * (MAX_HOOK_BYTES - len(body)))).status_code == 202


async def test_a_ledger_that_cannot_be_written_is_503_and_what_comes_again_afterwards_is_taken_in(
    tmp_path: Path,
) -> None:
    """Alertmanager sends a 503 again at once; nothing of it was recorded meanwhile."""
    path = tmp_path / "ledger.db"
    async with hooked(path) as its:
        assert (await its.post(a_post(an_alert()))).status_code == 202
        with locked(path):
            detail = problem(await its.post(a_post(an_alert({"organization_id": "org-2"}))), 503)
        assert "another process holds its lock" in detail
        assert str(path) not in detail
        assert await its.organizations() == ["org-1"]
        assert its.registry.get_sample_value("xero_exporter_remediation_ledger_up") == 0
        assert (await its.post(a_post(an_alert({"organization_id": "org-2"})))).status_code == 202
        assert await its.organizations() == ["org-1", "org-2"]


async def test_who_is_stopping_takes_nothing_in(tmp_path: Path) -> None:
    """503: the next one, or this one after its start, does."""
    async with hooked(tmp_path / "ledger.db", stopping=True) as its:
        assert "stopping" in problem(await its.post(a_post(an_alert())), 503)
        assert await its.organizations() == []


async def test_it_is_never_429_however_many_come_at_once(tmp_path: Path) -> None:
    """Alertmanager does not repeat a 429: what finds no place in time is told to come again."""
    async with hooked(tmp_path / "ledger.db") as its:
        bodies = [a_post(*[an_alert({"organization_id": f"org-{number}"})] * 200) for number in range(15)]
        answers = await asyncio.gather(*map(its.post, bodies))
        assert {one.status_code for one in answers} <= {202, 503}
        taken = sum(one.status_code == 202 for one in answers)
        assert len(await its.organizations()) == taken > 0


async def test_a_post_that_breaks_off_leaves_nothing_and_disturbs_nobody(tmp_path: Path) -> None:
    """Half a body, then the end of the connection; the next one is taken in."""
    async with hooked(tmp_path / "ledger.db") as its:
        host, port = its.client.base_url.host, its.client.base_url.port
        for _ in range(3):
            _, writer = await asyncio.open_connection(host, port)
            head = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"
            writer.write(f"{head}Authorization: Bearer alerts-secret\r\n\r\n".encode() + a_post(an_alert())[:200])
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(10):
            assert (await its.post(a_post(an_alert({"organization_id": "org-2"})))).status_code == 202
        assert await its.organizations() == ["org-2"]


def a_storm(alerts: int = 10_000) -> bytes:
    """A group of that many alerts as one post, 500 bytes for each."""
    texts: dict[str, Any] = {
        "summary": "Contacts of an organisation do not reach Xero.",
        "runbook_url": "https://runbooks.example/xero/XeroContactsNotSyncing.md",
        "steps_url": "https://xero-exporter.example/organizations/",
    }
    return a_post(
        *(
            an_alert({"organization_id": f"org-{number:05}"}, fingerprint=f"{number:016x}", annotations=texts)
            for number in range(alerts)
        )
    )


async def test_10000_alerts_in_one_post_cost_less_than_2_s_while_everybody_else_is_answered(tmp_path: Path) -> None:
    """5 MB: read and recorded in the ledger's thread; a scrape meanwhile is answered. Counted in time of the CPU."""
    body = a_storm()
    assert 4_500_000 < len(body) < MAX_HOOK_BYTES
    waits: list[float] = []
    async with hooked(tmp_path / "ledger.db") as its:
        await its.post(a_post(an_alert()))  # the ledger is made, and its library loaded
        loop = asyncio.get_running_loop()

        async def scrape() -> None:
            async with httpx.AsyncClient(base_url=its.client.base_url) as prometheus:
                while True:
                    began = loop.time()
                    answer = await prometheus.get("/metrics", headers=bearer("viewer-secret"))
                    waits.append(loop.time() - began)
                    assert answer.status_code == 200
                    await asyncio.sleep(0.1)

        scraping = asyncio.create_task(scrape())
        began, cpu = loop.time(), time.process_time()
        answer = await its.post(body)
        took, cost = loop.time() - began, time.process_time() - cpu
        scraping.cancel()
        await asyncio.gather(scraping, return_exceptions=True)
        assert (answer.status_code, answer.json()["recorded"]) == (202, 10_000)
        assert len(await its.organizations()) == 10_001
        figure = f"{took:.2f} s, {cost:.2f} s of CPU; {len(waits)} scrapes meanwhile, the slowest {max(waits):.3f} s"
        assert cost < 2, figure
        assert max(waits) < took / 2, figure
        print(figure)  # noqa: T201 - what `pytest -s` is asked for


async def test_while_the_mode_is_off_nothing_is_recorded_and_a_person_is_told(tmp_path: Path) -> None:
    """Nobody would ever look at it, and nobody forget it."""
    async with hooked(tmp_path / "ledger.db") as its:
        its.desk.become(replace(its.desk.limits, mode=Mode.OFF))
        answer = await its.post(a_post(an_alert(), an_alert(fingerprint="0")))
        assert answer.status_code == 202
        assert answer.json() == {"recorded": 0, "repeated": 0, "left_out": {"mode_off": 2}}
        retry = {"sync_type": "contacts", "record_ids": ["uuid-1"]}
        asked = await its.client.post(
            "/api/v1/organizations/org-07/retry", json=retry, headers=bearer("operator-secret")
        )
        assert "remediation.mode is off" in problem(asked, 409)
        assert await its.organizations() == []
