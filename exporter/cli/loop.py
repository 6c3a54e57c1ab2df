"""How a command runs in an asyncio loop, and how signals end it."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Final, TypeVar

import uvloop

STOPS: Final = (signal.SIGTERM, signal.SIGINT)


YOUNG: Final = 5_000
"""Objects made and not freed since, after which the garbage collector looks for cycles among them."""

OLD: Final = 100
"""Looks at the middle-aged after which it looks at all: at 10,000 organisations once in some hours, 0.2 s."""

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


def look_for_garbage_seldom() -> None:
    """Tells the garbage collector that nearly all that is here will stay, once everything is built.

    By its defaults it looks through all that is known about each organisation once in one or two minutes: at 10,000 of
    them a tenth of the CPU, and the loop stands still for 0.2 s. Nothing that is polled is part of a cycle; what is, an
    exception with its traceback for one, dies young, and the young are looked at as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, OLD)
