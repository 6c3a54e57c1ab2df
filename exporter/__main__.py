"""Where `xero-exporter` and `python -m exporter` begin."""

from __future__ import annotations

import signal


def run() -> None:
    """Runs the command line and ends the process with its exit code."""
    quick = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if quick:
        # Importing takes 0.2 s, and Ctrl-C within it would end in a traceback. Nothing is there to be ended in order.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from exporter.cli import main  # noqa: PLC0415 - see above

    if quick:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main.run()


if __name__ == "__main__":
    run()
