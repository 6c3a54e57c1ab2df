"""Half an hour of everything at once, and whether memory, files and lag are the same at its end as at its beginning.

Run it from the folder of the project: ``python -m bench.soak [--minutes N] [--write FILE] [--enter FILE]``. Exit code 1
when they are not, when a scrape failed, an organisation was lost, or the exporter does not end in good order.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import ssl
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import uvloop

from bench import programs
from bench.entry import enter
from bench.mischief import Mischief, in_file, replaced
from bench.own import mean_lag, own_metrics
from bench.upheaval import GRACE, REFRESH, DiscoveryServer, Upheaval
from bench.verdict import (
    ENDS_WITHIN,
    INTERVAL,
    ORGANIZATIONS,
    SCRAPE_EVERY,
    SCRAPE_TIMEOUT,
    Sample,
    Scrapes,
    Seen,
    judged,
    report,
    section,
    shown,
)
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from tests.certificates import Authority

SAMPLE_EVERY: Final = 10.0
SETTLED_WITHIN: Final = 60.0
"""Seconds after the end of all mischief in which everybody must be there again: more than `GRACE` answers."""

HTTP: Final = f"{{url: '%s', token_file: token, refresh: {REFRESH:g}s, missing_grace: {GRACE}}}"
CONFIG: Final = f"""\
platform: {{url: '%s', token_file: token, timeout: 2s, max_requests_per_second: 400}}
organizations: {{file: organizations.yml, http: {HTTP}}}
xero: {{status_pages: []}}
poll: {{interval: {INTERVAL:g}s, stale_after: 60s}}
"""
TLS: Final = "{cert_file: tls.crt, key_file: tls.key}"


async def scraping(url: str, trusting: ssl.SSLContext, scrapes: Scrapes) -> None:
    """Scrapes as Prometheus does, plain and compressed in turns, over a kept connection."""
    async with httpx.AsyncClient(verify=trusting, timeout=SCRAPE_TIMEOUT) as client:
        for encoding in itertools.cycle(("gzip", "identity")):
            began = time.monotonic()
            try:
                await scrape(client, url, scrapes, encoding)
                scrapes.answered += 1
            except httpx.HTTPError as error:
                scrapes.failed[type(error).__name__] += 1
            took = time.monotonic() - began
            scrapes.longest = max(scrapes.longest, took)
            await asyncio.sleep(max(0.0, SCRAPE_EVERY - took))


async def scrape(client: httpx.AsyncClient, url: str, scrapes: Scrapes, encoding: str) -> str:
    """One scrape. Asked again when the kept connection was just being closed, as Go does and so Prometheus."""
    try:
        answer = await client.get(f"{url}/metrics", headers={"Accept-Encoding": encoding})
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        scrapes.again += 1
        answer = await client.get(f"{url}/metrics", headers={"Accept-Encoding": encoding})
    return answer.raise_for_status().text


async def sampling(url: str, trusting: ssl.SSLContext, pid: int, minutes: float, seen: Seen) -> None:
    """Looks at the exporter until the time is over."""
    began = then = time.monotonic()
    scrapes, samples = seen.scrapes, seen.samples
    used = programs.cpu_seconds(pid)
    async with httpx.AsyncClient(verify=trusting, timeout=SCRAPE_TIMEOUT) as client:
        while time.monotonic() - began < minutes * 60:
            await asyncio.sleep(SAMPLE_EVERY)
            try:
                after = own_metrics(await scrape(client, url, scrapes, "identity"))
            except httpx.HTTPError as error:
                scrapes.failed[type(error).__name__] += 1
                continue
            now, cpu = time.monotonic(), programs.cpu_seconds(pid)
            samples.append(
                Sample(
                    minute=(now - began) / 60,
                    memory=programs.resident_mb(pid),
                    files=programs.open_files(pid),
                    threads=programs.threads(pid),
                    in_flight=after["xero_exporter_readings_in_flight"],
                    lag=mean_lag(seen.last, after),
                    missed=after["xero_exporter_ticks_missed_total"],
                    cpu=(cpu - used) / (now - then),
                )
            )
            print(shown(samples[-1]), flush=True)
            seen.last, then, used = after, now, cpu


async def settling(url: str, trusting: ssl.SSLContext, world: World, seen: Seen) -> None:
    """Waits until exactly the platform's organisations are on the page, and takes a last look at it."""
    wanted = set(world.organizations)
    deadline = time.monotonic() + SETTLED_WITHIN
    # A connection of its own each time: the last certificate is looked at, too.
    while time.monotonic() < deadline:
        async with httpx.AsyncClient(verify=trusting, timeout=SCRAPE_TIMEOUT) as client:
            page = await scrape(client, url, seen.scrapes, "identity")
        shown = set(re.findall(r'^xero_organization_info\{organization_id="([^"]+)"', page, re.MULTILINE))
        seen.last, seen.lost, seen.kept = own_metrics(page), len(wanted - shown), len(shown - wanted)
        if shown == wanted and seen.last["xero_exporter_config_last_reload_successful"] == 1:
            return
        await asyncio.sleep(1)


async def soak(folder: Path, minutes: float) -> Seen:
    """The whole run."""
    fleet = uniform_fleet(ORGANIZATIONS)
    world = World(fleet, admin_token=programs.TOKEN, speed=60)
    (folder / "token").write_text(programs.TOKEN, encoding="utf-8")
    (folder / "organizations.yml").write_text(organizations_yaml(in_file(fleet)), encoding="utf-8")
    authority = Authority(folder)
    for pair in ("tls", "other"):
        authority.issue(folder / f"{pair}.crt", folder / f"{pair}.key")
    trusting, discovery = authority.trusting, DiscoveryServer(world)
    await discovery.start()
    try:
        async with Simulator(world) as simulator:
            # In threads: the simulator answers from this loop.
            serving = programs.exporter(folder, CONFIG % (simulator.url, discovery.url), tls=TLS)
            url, pid = await asyncio.to_thread(serving.__enter__)
            place = urlsplit(url)
            address = (place.hostname or "", place.port or 0)
            mischief = Mischief(world, folder, address, trusting, random.Random(1))  # noqa: S311 - mischief
            upheaval = Upheaval(world, discovery, folder, authority, pid)
            seen = Seen(mischief.told, upheaval.changed)
            scraper = asyncio.create_task(scraping(url, trusting, seen.scrapes))
            trouble = [asyncio.create_task(one.run()) for one in (mischief, upheaval)]
            try:
                await sampling(url, trusting, pid, minutes, seen)
                for one in trouble:
                    one.cancel()
                await asyncio.wait(trouble)
                world.clear()
                replaced(folder / "organizations.yml", organizations_yaml(in_file(world.organizations.values())))
                await settling(url, trusting, world, seen)
            finally:
                scraper.cancel()
                told_to_end = time.monotonic()
                await asyncio.to_thread(serving.__exit__, None, None, None)
                in_time = time.monotonic() - told_to_end < ENDS_WITHIN
                for one in trouble:
                    one.cancel()
                outcomes = await asyncio.gather(scraper, *trouble, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, Exception):  # cancelled is none: the soak itself broke
                    raise outcome
    finally:
        await discovery.stop()
    log = (folder / "exporter.log").read_text(encoding="utf-8")
    seen.events = Counter(re.findall(r'"event": "(\w+)"', log))
    seen.ended_well = in_time and seen.events["stopped"] > 0
    return seen


def main() -> int:
    """Soaks, prints, and says by its exit code whether everything holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="A soak of everything at once")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--write", type=Path, help="also write the result to this file")
    parser.add_argument("--enter", type=Path, help="also put the verdict into this page, beside other benches'")
    options = parser.parse_args()
    if options.minutes < 1:
        parser.error("--minutes: must be at least 1, or there is nothing to compare")
    with (
        tempfile.TemporaryDirectory(prefix="xero-exporter-soak-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        seen = runner.run(soak(Path(folder), options.minutes))
    checks = judged(seen)
    text = report(options.minutes, seen, checks)
    print(text, end="")
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
    if options.enter is not None:
        enter(options.enter, "soak", [], section(options.minutes, checks))
    return 0 if all(one.holds for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
