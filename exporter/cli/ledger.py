"""The ledger for commands: they read it and write requests into it; the running exporter judges and acts."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.config.schema import Config
    from exporter.model.limits import Limits
    from exporter.remediation.desk import Desk

_T = TypeVar("_T")


def with_desk(settings: Config, ask: Callable[[Desk], Awaitable[_T]]) -> _T:
    """What the ledger of that configuration says; it is never made here.

    Raises:
        LedgerError: it cannot be used, or was never made: no exporter ran with this configuration.
    """
    return _asked(settings.ledger.url, settings.remediation.limits, ask)


def beside_faults(config: Path, ask: Callable[[Desk], Awaitable[_T]]) -> _T:
    """The same by `ledger` of a configuration alone, for what needs no limits: a stop must work beside any other fault.

    Raises:
        ConfigError: not even where the ledger is can be told.
        LedgerError: as of `with_desk`.
    """
    from exporter.config.load import load, load_ledger
    from exporter.errors import ConfigError
    from exporter.model.limits import Limits

    try:
        load(config, os.environ)
    except ConfigError:
        sys.stderr.write("xero-exporter: the configuration has faults, see check-config; by its ledger all the same:\n")
    return _asked(load_ledger(config, os.environ).url, Limits(), ask)


def _asked(url: str, limits: Limits, ask: Callable[[Desk], Awaitable[_T]]) -> _T:
    from exporter.cli import loop
    from exporter.clock import SystemClock
    from exporter.remediation.desk import Desk

    async def asked() -> _T:
        desk = Desk(url, clock=SystemClock(), limits=limits, create=False)
        try:
            return await ask(desk)
        finally:
            await desk.aclose()

    return loop.run(asked())
