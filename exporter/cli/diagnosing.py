"""The command that explains: `diagnose`, one organisation live, or what a running exporter knows."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from exporter.cli.serving import ConfigFile
from exporter.errors import AnswerIsBadError, ExporterError, UnreachableError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.cli.looking import Look
    from exporter.config.schema import Config
    from exporter.expose.shapes import OrganizationDocument
    from exporter.model.facts import Organization

_NOT_KNOWN: Final = 3
_ORG = typer.Argument(metavar="[ORG]", help="The organization_id; without it, the whole fleet by the running exporter.")
_JSON = typer.Option("--json", help="The document of the API, instead of a page for people.")
_FROM = typer.Option("--from", metavar="URL", help="Ask the exporter that runs there, and nobody else.")
_EXIT_CODE = typer.Option(
    "--exit-code", help="Exit 0 when nothing is wrong, 1 when something is, 3 when that cannot be known."
)


def diagnose(
    config: ConfigFile,
    organization: Annotated[str | None, _ORG] = None,
    as_json: Annotated[bool, _JSON] = False,
    from_url: Annotated[str | None, _FROM] = None,
    exit_code: Annotated[bool, _EXIT_CODE] = False,
) -> None:
    """Explain one organisation, asked now: what is wrong, why, what to do. Without ORG: the fleet."""
    try:
        wrong = _diagnosed(config, organization, from_url, as_json=as_json, exit_code=exit_code)
    except ExporterError as error:
        if exit_code and not isinstance(error, UsageError):
            # 1 means that something is wrong with the organisation, and nothing else.
            raise UnreachableError(str(error)) from None
        raise
    if exit_code:
        raise typer.Exit(_NOT_KNOWN if wrong is None else int(wrong))


def _diagnosed(
    config: Path, organization_id: str | None, from_url: str | None, *, as_json: bool, exit_code: bool
) -> bool | None:
    """Says what is known; returns whether anything is wrong, None when that is not known."""
    from exporter import logs
    from exporter.cli import loop
    from exporter.cli.remembering import fleet_from, organization_from, place
    from exporter.config.load import load

    settings = load(config, os.environ)
    logs.configure("error", settings.log.format)
    if organization_id is None:
        fleet = loop.run(fleet_from(settings, place(settings, from_url)))
        return _show_fleet(fleet, as_json=as_json)
    if from_url is not None:
        document = loop.run(organization_from(settings, place(settings, from_url), organization_id))
        _show(document, as_json=as_json)
        return document.diagnosis.wrong
    seen, document, no_history = loop.run(seen_now(settings, organization_id, names=settings.expose.organization_names))
    _show(document, as_json=as_json, no_history=no_history)
    wrong = document.diagnosis.wrong
    if seen.error is not None and (wrong is None or not exit_code):
        raise seen.error
    return wrong


async def seen_now(
    settings: Config, organization_id: str, *, names: bool
) -> tuple[Look, OrganizationDocument, str | None]:
    """A look at one organisation, what is known by it and by the running exporter, and why the latter tells nothing.

    Args:
        settings: the configuration.
        organization_id: as somebody typed it.
        names: whether the organisation's name may be told.

    Raises:
        AnswerIsBadError: it is not on the roster.
        UnreachableError: `organizations.http` gives no list, and no other source has it.
    """
    from exporter.cli.looking import look
    from exporter.expose.history import with_history

    organization = await listed(settings, organization_id)
    seen, remembered = await asyncio.gather(look(settings, organization), _remembered(settings, organization.id))
    document = seen.document(settings, names=names)
    if isinstance(remembered, str):
        return seen, document, remembered
    return seen, with_history(document, remembered), None


async def listed(settings: Config, organization_id: str) -> Organization:
    """The organisation of that id on the roster.

    Raises:
        AnswerIsBadError: it is not on it.
        UnreachableError: `organizations.http` gives no list, and no other source has it.
    """
    from prometheus_client import CollectorRegistry

    from exporter.cli.asking import discover
    from exporter.clock import SystemClock
    from exporter.running.building import roster_of
    from exporter.telemetry.metrics import SelfMetrics

    roster = roster_of(settings, SystemClock())
    for whole in (False, True):
        if whole:
            await discover(settings, SelfMetrics(CollectorRegistry()), roster)
        for one in roster.organizations:
            if one.id == organization_id:
                return one
    raise AnswerIsBadError(
        f"{organization_id}: no organisation on the roster has this id: list it in organizations, or see there which "
        "ids are included"
    )


async def _remembered(settings: Config, organization_id: str) -> OrganizationDocument | str:
    from exporter.cli.remembering import organization_from, place

    try:
        return await organization_from(settings, place(settings, None), organization_id)
    except ExporterError as error:
        return str(error)


def _show(document: OrganizationDocument, *, as_json: bool, no_history: str | None = None) -> None:
    if as_json:
        write_json(document.model_dump(mode="json"))
        return
    from exporter.cli.organization_page import show
    from exporter.cli.terminal import Page

    show(document, Page(), time.time(), no_history=no_history)


def _show_fleet(fleet: dict[str, Any], *, as_json: bool) -> bool | None:
    from exporter.cli.fleet_page import show_fleet, wrong_with
    from exporter.cli.terminal import Page

    if as_json:
        write_json(fleet)
    else:
        show_fleet(fleet, Page(), time.time())
    return wrong_with(fleet)


def write_json(document: object) -> None:
    """Writes a document to standard output in ASCII: nothing in it can drive a terminal."""
    sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    sys.stdout.flush()
