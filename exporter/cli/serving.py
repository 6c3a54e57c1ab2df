"""Commands that keep running: `serve` and `demo`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter import __version__
from exporter.errors import UsageError

if TYPE_CHECKING:
    from exporter.config.load import Source
    from exporter.config.schema import Config

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", readable=False, help="The configuration file (YAML).")
]


def serve(config: ConfigFile) -> None:
    """Watch the fleet: poll, hold, and tell on /metrics until SIGTERM or Ctrl-C."""
    from exporter import logs
    from exporter.cli import loop
    from exporter.config.load import Source

    source = Source(config, dict(os.environ))
    settings = source.load()
    logs.configure(settings.log.level, settings.log.format)
    loop.run(_serve(settings, source))


async def _serve(settings: Config, source: Source, greeting: str = "") -> None:
    """Runs the exporter until it is told to stop; `greeting` goes to standard output once it listens."""
    from exporter.app import Exporter
    from exporter.cli.loop import stop_on_signals
    from exporter.clock import SystemClock

    stop = stop_on_signals()
    exporter = Exporter(settings, clock=SystemClock(), draw=random.random, source=source)
    try:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, exporter.reload_soon, "signal")
        await exporter.start()
        if greeting:
            sys.stdout.write(greeting.replace("{exporter}", exporter.url))
            sys.stdout.flush()
        told = asyncio.ensure_future(stop.wait())
        broke = asyncio.ensure_future(exporter.failed())
        done, pending = await asyncio.wait({told, broke}, return_when=asyncio.FIRST_COMPLETED)
        for one in pending:
            one.cancel()
        for one in done:
            one.result()
    finally:
        await exporter.drain()


def demo(
    organizations: Annotated[int, typer.Option(min=1, max=100_000, help="Simulated customer organisations.")] = 48,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the exporter listens.")] = "127.0.0.1:9869",
    speed: Annotated[float, typer.Option(min=1, max=3600, help="Simulated minutes that pass in a minute.")] = 60.0,
) -> None:
    """Simulated MemberPulse and Xero and this exporter on loopback: see it work before you have a configuration."""
    from exporter import logs
    from exporter.cli import loop
    from exporter.config.addresses import Listen
    from exporter.config.values import SpellingError

    try:
        Listen.parse(listen)
    except SpellingError as error:
        raise UsageError(f"--listen: {error}") from None
    # The exporter's story goes to the terminal in between; changes only, so it stays readable.
    logs.configure("info", "auto")
    with tempfile.TemporaryDirectory(prefix="xero-exporter-demo-") as folder:
        loop.run(_demo(Path(folder), organizations, listen, speed))


async def _demo(folder: Path, organizations: int, listen: str, speed: float) -> None:
    from exporter.config.load import Source
    from exporter.simulator.fleets import demo_fleet, organizations_yaml
    from exporter.simulator.server import Simulator
    from exporter.simulator.world import World
    from exporter.simulator.xero import Xero
    from exporter.simulator.xero_server import XeroSimulator

    token, secret = (f"demo-{secrets.token_urlsafe(16)}" for _ in range(2))
    fleet = demo_fleet(organizations, seed=1)
    world = World(fleet, admin_token=token, speed=speed, admin_token_outages=True)
    app = Xero(world, client_id=_DEMO_APP, client_secret=secret)
    async with Simulator(world) as platform, XeroSimulator(app) as xero:
        (folder / "token").write_text(token)
        (folder / "xero-secret").write_text(secret)
        (folder / "organizations.yml").write_text(organizations_yaml(fleet))
        (folder / "demo.yml").write_text(_demo_config(speed))
        source = Source(folder / "demo.yml", _demo_environment(platform.url, xero.url, xero.pages, listen))
        greeting = _greeting(organizations, speed, platform.url, token, xero.pages[0])
        await _serve(source.load(), source, greeting)


_DEMO_APP = "DEMO0123456789DEMO0123456789DEMO"


def _demo_config(speed: float) -> str:
    """What is simulated in accelerated time is judged by thresholds that are as much shorter."""
    return f"""\
platform: {{url: "http://127.0.0.1", token_file: token, timeout: 3s}}
organizations: {{file: organizations.yml}}
poll: {{interval: 5s, stale_after: 30s}}
diagnosis:
  error_window: 10m
  token_grace: {max(1, round(900 / speed))}s
  sync_stale_after: {max(60, round(93_600 / speed))}s
xero:
  app: {{client_id: {_DEMO_APP}, client_secret_file: xero-secret, refresh: 10s}}
"""


def _demo_environment(platform_url: str, xero_url: str, pages: Sequence[str], listen: str) -> Mapping[str, str]:
    return {
        "XERO_EXPORTER_PLATFORM__URL": platform_url,
        "XERO_EXPORTER_XERO__API_URL": xero_url,
        "XERO_EXPORTER_XERO__IDENTITY_URL": xero_url,
        "XERO_EXPORTER_XERO__STATUS_PAGES": json.dumps(pages),
        "XERO_EXPORTER_WEB__LISTEN": listen,
    }


def _greeting(organizations: int, speed: float, platform_url: str, token: str, page: str) -> str:
    return f"""
xero-exporter {__version__} watches a simulated MemberPulse: {organizations} organisations, {speed:g} times as fast.

  open        {{exporter}}/
  metrics     {{exporter}}/metrics
  fleet       {{exporter}}/api/v1/fleet
  failing     {{exporter}}/api/v1/organizations?failure=auth

  MemberPulse {platform_url}
  its token   {token}
  ask it      curl -H "Authorization: Bearer {token}" {platform_url}/api/admin/integrations/xero/org-0001/status
  Xero says   {page}/api/v2/summary.json

Ctrl-C ends it.

"""
