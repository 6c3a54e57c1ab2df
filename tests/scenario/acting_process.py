"""An executor as its own process, for tests that kill it: `python -m tests.scenario.acting_process FOLDER ...`.

It is put together of the same parts as in `serve`; what is handed in besides is a listener that ends the process, with
no chance to tidy up, at the step that the test names.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from exporter import logs
from exporter.clock import SystemClock
from exporter.config.load import load
from exporter.errors import RefusedError
from exporter.model.action import ActionKind, AlertDelivery, Parameters, PersonRequest
from exporter.model.moment import Moment
from exporter.model.words import Issue, SyncType
from exporter.observe.fleet import Fleet
from exporter.observe.sweep import sweep
from exporter.remediation.attempting import Attempting
from exporter.remediation.desk import Desk
from exporter.remediation.executor import Executor
from exporter.running.building import roster_of, upstream_of
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.remedies import Remedies
from exporter.upstream.writing import WriteTransport

RETRY = Parameters((SyncType.CONTACTS,), record_ids=("uuid-1",))
ALERTS = 25


class Ahead:
    """The machine's clocks, so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> Moment:
        """The present."""
        now = SystemClock().now()
        return Moment(now.wall + self._seconds, now.monotonic + self._seconds)


async def main() -> None:
    """Does what the arguments say, and says what is acknowledged on standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--die-at", default="")
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("--deliver", action="store_true")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ahead", type=float, default=0.0)
    options = parser.parse_args()
    logs.configure("error", "json")
    config = load(options.folder / "config.yml", {})
    clock = Ahead(options.ahead)
    desk = Desk(config.ledger.url, clock=clock, limits=config.remediation.limits)

    def told(step: str) -> None:
        say(step)
        if step == options.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if options.deliver:
        await deliver(desk)
    if options.ask:
        with suppress(RefusedError):  # the one before is not finished
            await desk.ask(PersonRequest("org-0001", ActionKind.RETRY, RETRY, "jo"))
        told("asked")
    metrics = SelfMetrics(CollectorRegistry())
    upstream = upstream_of(config, clock, metrics)
    organizations = roster_of(config, clock).organizations
    fleet = Fleet(config.thresholds)
    fleet.replace_roster(organizations, clock.now())
    attempting = Attempting(
        desk=desk,
        knowledge=fleet,
        reader=upstream.reader,
        remedies=Remedies(
            base_url=config.platform.url,
            paths={kind: f"/api/admin/integrations/xero/{{organization_id}}/{kind}" for kind in ActionKind},
            token=upstream.token,
            transport=WriteTransport(timeout=config.platform.timeout, tls=upstream.trust.context),
            telemetry=metrics,
            clock=clock,
            armed=lambda: True,
        ),
        rules=config.thresholds,
        clock=clock,
        credential=lambda: "one",
        told=told,
    )
    executor = Executor(
        desk=desk,
        knowledge=fleet,
        attempting=attempting,
        clock=clock,
        credential=lambda: "one",
        keep=config.ledger.keep,
        told=told,
    )
    for _ in range(options.turns):
        await sweep(upstream.reader, [one.id for one in organizations], upstream.token, fleet.receive)
        fleet.fold(clock.now())
        await executor.turn()
        told("turned")
    assert executor.problem is None
    await executor.end()
    await desk.aclose()
    await upstream.transport.aclose()


async def deliver(desk: Desk) -> None:
    """Delivers without end; says which alerts were acknowledged."""
    number = 0
    while True:
        number += 1
        alerts = [
            AlertDelivery(f"org-{number}-{one}", Issue.CONTACTS_FAILING, f"print-{number}-{one}", "now")
            for one in range(ALERTS)
        ]
        await desk.deliver(alerts)
        say(f"acknowledged {number}")


def say(what: str) -> None:
    """To whoever started this process."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
