"""What a scrape costs, side by side in one run: our page against prometheus_client's Gauges, and against memcpy.

Run it from the folder of the project: ``python bench/scrape.py [--write FILE]``. Exit code 1 when the page at 10,000
organisations is less than 60 times cheaper than the Gauges: far below the target, so that a busy machine does not
fail it, and far above anything that renders the fleet at each scrape.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from exporter.expose.catalogue import organization_families
from exporter.expose.exposition import Exposition, Format
from exporter.model.facts import BLOCK_SIZE, Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, SyncStatus
from exporter.telemetry.metrics import SelfMetrics

SIZES = (1_000, 10_000)
LEAST_RATIO = 60
MUST_RATIO = 400
MUST_MEMCPY = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one fleet costs; CPU milliseconds, medians.

    Attributes:
        organizations: how many.
        series: how many series they have.
        body: bytes of the page.
        gauges: prometheus_client's Gauges with the same samples, generate_latest.
        page: our page while nothing changed.
        copy: one memcpy of the body.
        dirty: rendering one block that changed, and our page.
    """

    organizations: int
    series: int
    body: int
    gauges: float
    page: float
    copy: float
    dirty: float

    @property
    def ratio(self) -> float:
        """How many of our pages one of prometheus_client costs."""
        return self.gauges / self.page

    @property
    def copies(self) -> float:
        """How many copies of its body our page costs."""
        return self.page / self.copy


def cpu(run: Callable[[], object], times: int) -> float:
    """CPU milliseconds (user and system) of one run, median."""
    measured = []
    for _ in range(times):
        began = time.process_time()
        run()
        measured.append(time.process_time() - began)
    return statistics.median(measured) * 1000


def fleet_of(size: int) -> Snapshot:
    """A fleet in which one of a hundred fails: UUIDs as ids, instants of microseconds as real clocks give them."""
    draw = random.Random(size)  # noqa: S311 - made-up data, the same in each run
    now = 1_760_000_000.0

    def state(number: int) -> OrganizationState:
        read = Moment(wall=now + round(draw.uniform(0, 60), 6), monotonic=0.0)
        return OrganizationState(
            organization=Organization(uuid(draw.getrandbits(128)), xero_tenant_id=uuid(draw.getrandbits(128))),
            first_seen=read,
            freshness=Freshness.FRESH,
            last_attempt=read,
            last_success=read,
            failure=Failure.TIMEOUT,
            status=Status(
                connected=True,
                token_expires_at=now + draw.randrange(1800),
                last_sync=now - draw.randrange(86_400),
                sync_status=SyncStatus.HEALTHY,
                pending_syncs=draw.randrange(5),
                failed_syncs=draw.randrange(3),
            ),
        )

    states = [state(number) for number in range(size)]
    chunks = [tuple(states[start : start + BLOCK_SIZE]) for start in range(0, size, BLOCK_SIZE)]
    return Snapshot(
        blocks=tuple(Block(states=chunk, valid_until=float("inf")) for chunk in chunks),
        places={state.organization.id: divmod(index, BLOCK_SIZE) for index, state in enumerate(states)},
        at=Moment(wall=now, monotonic=0.0),
        counts={word: size if word is Freshness.FRESH else 0 for word in Freshness},
    )


def uuid(number: int) -> str:
    """A number in the shape of a UUID."""
    return str(UUID(int=number))


def gauges_of(snapshot: Snapshot) -> tuple[CollectorRegistry, int]:
    """The same samples as prometheus_client's Gauges, and how many there are."""
    registry = CollectorRegistry(auto_describe=False)
    series = 0
    for entry in organization_families(names=False):
        gauge = Gauge(entry.family.name, entry.family.help, entry.family.label_names, registry=registry)
        for block in snapshot.blocks:
            for state in block.states:
                for values, value in entry.samples(state):
                    gauge.labels(state.organization.id, *values).set(value)
                    series += 1
    return registry, series


def measure(size: int) -> Row:
    """What a fleet of this size costs."""
    snapshot = fleet_of(size)
    registry = CollectorRegistry(auto_describe=False)
    exposition = Exposition(organization_names=False, registry=registry, metrics=SelfMetrics(registry))
    exposition.render(snapshot)
    body = exposition.page(Format.TEXT)

    def dirty() -> bytes:
        first, *others = snapshot.blocks
        exposition.render(replace(snapshot, blocks=(replace(first), *others)))
        return exposition.page(Format.TEXT)

    page = cpu(lambda: exposition.page(Format.TEXT), 51)
    copy = cpu(lambda: bytearray(body), 51)
    changed = cpu(dirty, 51)
    gauges, series = gauges_of(snapshot)
    return Row(
        organizations=size,
        series=series,
        body=len(body),
        gauges=cpu(lambda: generate_latest(gauges), 5),
        page=page,
        copy=copy,
        dirty=changed,
    )


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "# What a scrape costs",
        "",
        f"CPU milliseconds, medians; Python {platform.python_version()}. Times vary from machine to machine, ratios",
        f"hold. Target at 10,000: at least {MUST_RATIO} times cheaper than Gauges, at most {MUST_MEMCPY:g} memcpy.",
        "",
        "| organisations | series | body, MB | Gauges | page | memcpy | 1 block changed | Gauges/page | page/memcpy |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.organizations:,} | {row.series:,} | {row.body / 1e6:.1f} | {row.gauges:.1f} | {row.page:.2f} "
        f"| {row.copy:.2f} | {row.dirty:.2f} | {row.ratio:.0f} | {row.copies:.1f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measures, prints, and says by its exit code whether the page is cheap at all."""
    parser = argparse.ArgumentParser(description="What a scrape costs")
    parser.add_argument("--write", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    rows = [measure(size) for size in SIZES]
    text = table(rows)
    print(text, end="")
    if arguments.write is not None:
        arguments.write.write_text(text, encoding="utf-8")
    return 0 if rows[-1].ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
