"""The command `xero-exporter`: its commands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Annotated, Any, TextIO, cast

import typer

from exporter.cli import (
    asking,
    bundling,
    demonstrating,
    diagnosing,
    escalating,
    probing,
    remediating,
    serving,
    shipping,
)
from exporter.errors import ConfigError, ExporterError
from exporter.redact import printable

_INTERRUPTED = 130
"""128 + SIGINT, as a shell reports it."""

_READER_LEFT = 141
"""128 + SIGPIPE, as a shell reports it. Not 1: that is an answer of `diagnose --exit-code`."""


class _Output:
    """Standard output, or its buffer, that remembers whether its reader left.

    click and rich end that with 1 wherever they notice it first, before anybody else can.
    """

    def __init__(self, stream: Any, left: Event) -> None:  # noqa: ANN401 - of texts, and its buffer of bytes
        self._stream = stream
        self._left = left

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        return getattr(self._stream, name)

    @property
    def buffer(self) -> _Output:
        return _Output(self._stream.buffer, self._left)

    def write(self, what: str | bytes) -> int:
        with self._watched():
            return int(self._stream.write(what))

    def writelines(self, parts: Iterable[str | bytes]) -> None:
        with self._watched():
            self._stream.writelines(parts)

    def flush(self) -> None:
        with self._watched():
            self._stream.flush()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._left.set()
            raise


app = typer.Typer(
    name="xero-exporter",
    help="Prometheus exporter for the Xero connections that MemberPulse keeps for its customers.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback for people shows local variables, and those hold tokens and error texts.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _command, _help in (
    ("demo", demonstrating.demo, "Try it: a simulated MemberPulse and Xero, watched."),
    ("serve", serving.serve, "Watch the fleet and tell on /metrics, until SIGTERM."),
    ("check-config", asking.check_config, "Check a configuration; --online also asks everybody once."),
    ("once", asking.once, "Read each organisation once and print the exposition."),
    ("diagnose", diagnosing.diagnose, "Explain one organisation, or the fleet: what, why, what now."),
    ("escalate", escalating.escalate, "Make the bundle that hands one organisation over."),
    ("health", probing.health, "Ask a running exporter whether it works."),
    ("bundle", bundling.bundle, "Write rules, runbooks, routes, example configurations."),
    ("docs", shipping.docs, "Print a generated reference as Markdown."),
    ("version", shipping.version, "Print the version."),
):
    # Written out: what is cut from a command's own sentence at the edge of a terminal tells little.
    app.command(_name, short_help=_help)(_command)

app.add_typer(
    remediating.app, name="remediate", short_help="See, ask for, approve and stop what is done to the platform."
)


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=shipping.version_and_end, help="Print the version.")
    ] = False,
) -> None:
    """Prometheus exporter for the Xero connections that MemberPulse keeps for its customers."""


def run() -> None:
    """Runs the command line and ends the process with its exit code."""
    _open_standard_streams()
    left = Event()
    output = _Output(sys.stdout, left)
    sys.stdout = cast("TextIO", output)
    try:
        try:
            app()
        finally:
            if not left.is_set():
                output.flush()
    except ConfigError as error:
        for fault in error.faults:
            _say(str(fault))
        sys.exit(error.exit_code)
    except ExporterError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        if not left.is_set():
            raise
        # Python would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        sys.exit(_READER_LEFT)
    except OSError as error:
        # Files and sockets of ours tell their own faults; what is left is standard output: a full disk.
        _say(f"standard output cannot be written ({os.strerror(error.errno or 0)})")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last catch: a traceback would show texts that are not ours
        # `logs` costs 60 ms to import, and only what is broken needs it.
        from exporter.logs import closed_words

        kind, places = closed_words(error)
        _say(f"this is a fault of xero-exporter, please report it: {kind} at {' < '.join(reversed(places))}")
        sys.exit(1)


def _say(text: str) -> None:
    # Paths and keys can hold anything; a terminal must not be driven by them, and one fault is one line.
    sys.stderr.write(f"xero-exporter: {printable(text, limit=2000)}\n")


def _open_standard_streams() -> None:
    """Opens what was closed (``>&-``): the event loop would take the number of a standard stream and abort."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # Python has none where the number was closed at its start.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
