"""How a command runs in an asyncio loop, and how signals end it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Final, TypeVar

import uvloop

STOPS: Final = (signal.SIGTERM, signal.SIGINT)


Result = TypeVar("Result")


def run(main: Coroutine[object, object, Result]) -> Result:
    """Runs `main` to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or Ctrl-C sets; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for number in STOPS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in STOPS:
        loop.add_signal_handler(number, told)
    return stop
