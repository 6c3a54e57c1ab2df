"""The command that keeps running: `serve`; the demo runs the same."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    loop.run(watch(settings, source))


async def watch(settings: Config, source: Source, greeting: Callable[[str], str] | None = None) -> None:
    """Runs the exporter until it is told to stop.

    Args:
        settings: the configuration.
        source: where it came from.
        greeting: URL of the exporter -> what to write to standard output once it listens there.

    Raises:
        UnreachableError: the address to listen on cannot be had.
    """
    from exporter.app import Exporter
    from exporter.cli import loop
    from exporter.clock import SystemClock

    stop = loop.stop_on_signals()
    exporter = Exporter(settings, clock=SystemClock(), draw=random.random, source=source)
    try:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, exporter.reload_soon, "signal")
        await exporter.start()
        loop.look_for_garbage_seldom()
        if greeting is not None:
            sys.stdout.write(greeting(exporter.url))
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
