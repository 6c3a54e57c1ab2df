"""The command `xero-exporter`: its commands, and how an error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys

import typer

from exporter.cli import asking, probing, serving, shipping
from exporter.errors import ConfigError, ExporterError

_INTERRUPTED = 130
"""128 + SIGINT, as a shell reports it."""

app = typer.Typer(
    name="xero-exporter",
    help="Prometheus exporter for the Xero connections that MemberPulse keeps for its customers.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback for people shows local variables, and those hold tokens and error texts.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serving.demo)
app.command()(serving.serve)
app.command("check-config")(asking.check_config)
app.command()(asking.once)
app.command()(probing.health)
app.command()(shipping.docs)
app.command()(shipping.version)


def run() -> None:
    """Runs the command line and ends the process with its exit code."""
    try:
        app()
    except ConfigError as error:
        for fault in error.faults:
            _say(str(fault))
        sys.exit(error.exit_code)
    except ExporterError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output left, as `| head` does. Python would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _say(text: str) -> None:
    sys.stderr.write(f"xero-exporter: {text}\n")
