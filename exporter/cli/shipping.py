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


def docs(what: Annotated[Reference, typer.Argument(help="Which reference.")]) -> None:
    """Print a generated reference as Markdown; the files in docs/ are these."""
    from exporter.config.reference import config_reference
    from exporter.expose.reference import metrics_reference

    sys.stdout.write(metrics_reference() if what is Reference.METRICS else config_reference())


def version() -> None:
    """Print the version."""
    sys.stdout.write(f"xero-exporter {__version__}\n")
