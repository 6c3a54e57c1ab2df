"""Commands that give out what ships with the program: `docs` and `version`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from exporter import __version__


class Reference(StrEnum):
    """The generated references."""

    METRICS = "metrics"
    CONFIG = "config"
    REASONS = "reasons"
    REMEDIATION = "remediation"
    TROUBLESHOOTING = "troubleshooting"


def docs(what: Annotated[Reference, typer.Argument(help="Which reference.")]) -> None:
    """Print a generated reference as Markdown; the files in docs/ are these."""
    from exporter.config.reference import config_reference
    from exporter.expose.reference import metrics_reference
    from exporter.expose.troubleshooting.reference import troubleshooting_reference
    from exporter.observe.reasons.reference import reasons_reference
    from exporter.remediation.reference import remediation_reference

    pages = {
        Reference.METRICS: metrics_reference,
        Reference.CONFIG: config_reference,
        Reference.REASONS: reasons_reference,
        Reference.REMEDIATION: remediation_reference,
        Reference.TROUBLESHOOTING: troubleshooting_reference,
    }
    sys.stdout.write(pages[what]())


def version() -> None:
    """Print the version."""
    sys.stdout.write(f"xero-exporter {__version__}\n")


def version_and_end(wanted: bool) -> None:
    """Prints the version in place of any command, where that is wanted.

    Raises:
        Exit: it was.
    """
    if wanted:
        version()
        raise typer.Exit
