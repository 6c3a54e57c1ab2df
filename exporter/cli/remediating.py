"""The commands of `remediate`: they read the ledger and write requests into it; the running exporter judges and acts.

What would be asked for is shown before it is: on a terminal a person says yes, elsewhere `--yes` does.
"""

from __future__ import annotations

import getpass
import os
import sys
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exporter.cli.ledger import beside_faults, with_desk
from exporter.cli.serving import ConfigFile
from exporter.errors import AnswerIsBadError, UsageError
from exporter.model.accounts import GateView
from exporter.model.action import Action, ActionKind, ActionState, Mode, Parameters
from exporter.model.asked import MAX_NOTE, MODE_OFF, PersonRequest, incomplete
from exporter.model.words import SyncType
from exporter.redact import printable

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.config.schema import Config
    from exporter.expose.action_shapes import ExplainedDocument
    from exporter.remediation.desk import Desk

SHOWN: Final = 50

app = typer.Typer(
    help="See and steer what the exporter may do to the platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_ORG = typer.Argument(metavar="ORG", help="The organization_id.")
_ID = typer.Argument(metavar="ID", min=1, max=2**53, help="The number of the action.")
_NOTE = typer.Option("--note", metavar="TEXT", help="Why, for those who read the ledger.")
_YES = typer.Option("--yes", help="Do it without asking.")
_JSON = typer.Option("--json", help="The document of the API, instead of lines for people.")
_TYPE = typer.Option("--type", metavar="T", help="contacts, invoices or reconciliation.")
_RECORDS = typer.Option("--record-id", metavar="ID", help="A record's id of the platform; once for each.")
_SINCE = typer.Option("--since", metavar="T", help="From when on, such as 2026-01-15 or 2026-01-15T10:30:00Z.")
_FROM = typer.Option("--from", metavar="URL", help="Where the exporter runs; by default as web.listen says.")
_ONLY = typer.Option("--organization", metavar="ORG", help="Only actions of this one.")
_STATE = typer.Option("--state", help="Only actions in this state.")


@app.command("list")
def list_actions(
    config: ConfigFile,
    organization: Annotated[str | None, _ONLY] = None,
    state: Annotated[ActionState | None, _STATE] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """What was done, is under way or is held, the newest first; and what holds everybody."""
    from exporter.cli.remediation_page import show_actions
    from exporter.expose.actions_document import actions_document, gate_document

    states = () if state is None else (state,)
    settings = _settings(config)

    async def both(desk: Desk) -> tuple[Sequence[Action], GateView]:
        return await desk.actions(organization_id=organization, states=states, limit=SHOWN + 1), await desk.gate()

    found, gate = with_desk(settings, both)
    document = actions_document(found, SHOWN)
    if as_json:
        _write(document.model_dump(mode="json"))
    else:
        show_actions(document, gate_document(gate, settings.remediation.mode, time.time()), time.time())


@app.command()
def show(config: ConfigFile, action_id: Annotated[int, _ID], as_json: Annotated[bool, _JSON] = False) -> None:
    """One action: what asked for it, each attempt, each event."""
    from exporter.cli.remediation_page import show_record
    from exporter.expose.actions_document import record_document

    record = with_desk(_settings(config), lambda desk: desk.action(action_id))
    if record is None:
        raise AnswerIsBadError(f"there is no action {action_id}: `remediate list` shows those that there are")
    document = record_document(record)
    if as_json:
        _write(document.model_dump(mode="json"))
    else:
        show_record(document, time.time())


@app.command()
def explain(
    config: ConfigFile,
    organization: Annotated[str, _ORG],
    as_json: Annotated[bool, _JSON] = False,
    from_url: Annotated[str | None, _FROM] = None,
) -> None:
    """What the running exporter would do for an organisation now, or every hold that stands in the way."""
    from exporter.cli import loop
    from exporter.cli.remediation_page import show_explained
    from exporter.cli.remembering import explained_from, place

    settings = _settings(config)
    document: ExplainedDocument = loop.run(explained_from(settings, place(settings, from_url), organization))
    if as_json:
        _write(document.model_dump(mode="json"))
    else:
        show_explained(document, time.time())


@app.command()
def retry(  # noqa: PLR0917 - one for each thing that is said
    config: ConfigFile,
    organization: Annotated[str, _ORG],
    sync_type: Annotated[SyncType, _TYPE],
    record_id: Annotated[list[str], _RECORDS],
    note: Annotated[str, _NOTE] = "",
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Ask for a retry of records, by their ids. The exporter judges it, and sends it at most once."""
    _ask(
        config, organization, ActionKind.RETRY, Parameters((sync_type,), tuple(dict.fromkeys(record_id))), note, yes=yes
    )


@app.command()
def resync(  # noqa: PLR0917 - one for each thing that is said
    config: ConfigFile,
    organization: Annotated[str, _ORG],
    sync_type: Annotated[list[SyncType], _TYPE],
    since: Annotated[str, _SINCE],
    note: Annotated[str, _NOTE] = "",
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Ask for a resync of types since an instant. Costly for the customer's daily limit at Xero."""
    parameters = Parameters(tuple(dict.fromkeys(sync_type)), since=_instant(since))
    _ask(config, organization, ActionKind.RESYNC, parameters, note, yes=yes)


@app.command()
def approve(
    config: ConfigFile,
    action_id: Annotated[int, _ID],
    note: Annotated[str, _NOTE] = "",
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Say yes to an action that has not started; the gates judge it still."""
    _decide(config, action_id, note, approved=True, yes=yes)


@app.command()
def reject(
    config: ConfigFile,
    action_id: Annotated[int, _ID],
    note: Annotated[str, _NOTE] = "",
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Cancel an action that has not started."""
    _decide(config, action_id, note, approved=False, yes=yes)


@app.command()
def pause(config: ConfigFile, note: Annotated[str, _NOTE] = "") -> None:
    """Stop everything that has not been sent, at once, and say whether a running exporter obeys."""
    gate = beside_faults(config, lambda desk: desk.pause(actor=_user(), note=_noted(note)))
    sys.stdout.write(f"paused: no action is started until `remediate resume`. {_obeyed(gate)}\n")


@app.command()
def resume(config: ConfigFile, note: Annotated[str, _NOTE] = "") -> None:
    """Take back a pause, and a hold for a token that the platform refused."""
    gate = beside_faults(config, lambda desk: desk.resume(actor=_user(), note=_noted(note)))
    sys.stdout.write(f"resumed. {_obeyed(gate)}\n")


def _ask(config: Path, organization_id: str, kind: ActionKind, parameters: Parameters, note: str, *, yes: bool) -> None:
    from exporter.cli import loop
    from exporter.cli.diagnosing import listed
    from exporter.cli.remediation_page import plan_lines

    if SyncType.OTHER in parameters.sync_types:
        raise UsageError("--type: must be contacts, invoices or reconciliation; the platform names no other")
    if (why := incomplete(kind, parameters, time.time())) is not None:
        raise AnswerIsBadError(why)
    settings = _settings(config)
    if settings.remediation.mode is Mode.OFF:
        raise AnswerIsBadError(MODE_OFF)
    organization = loop.run(listed(settings, organization_id)).id
    gate = with_desk(settings, lambda desk: desk.gate())
    for line in plan_lines(settings, organization, kind, parameters, gate=gate, now=time.time()):
        sys.stdout.write(f"{line}\n")
    _confirm(yes=yes)
    request = PersonRequest(organization, kind, parameters, _user(), _noted(note))
    action = with_desk(settings, lambda desk: desk.ask(request))
    # An action keeps its number when somebody asks for it again, or asks for what an alert waits for.
    again = ", which waited before," if action.created_at < action.changed_at else ""
    sys.stdout.write(
        f"action {action.id}{again} is {action.state}. {_obeyed(gate)} `remediate show {action.id}` tells what becomes "
        "of it\n"
    )


def _decide(config: Path, action_id: int, note: str, *, approved: bool, yes: bool) -> None:
    from exporter.cli.remediation_page import show_record
    from exporter.expose.actions_document import record_document

    settings = _settings(config)
    record = with_desk(settings, lambda desk: desk.action(action_id))
    if record is None:
        raise AnswerIsBadError(f"there is no action {action_id}: `remediate list` shows those that there are")
    show_record(record_document(record), time.time())
    _confirm(yes=yes)

    def decide(desk: Desk) -> Awaitable[object]:
        return (desk.approve if approved else desk.reject)(action_id, actor=_user(), note=_noted(note))

    with_desk(settings, decide)
    sys.stdout.write(f"action {action_id} is {'approved' if approved else 'rejected'}\n")


def _confirm(*, yes: bool) -> None:
    """A person's yes.

    Raises:
        AnswerIsBadError: it is a no.
        UsageError: there is nobody to ask.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nothing was done: this is no terminal to ask on; add --yes to do what is shown")
    if not typer.confirm("Do it?"):
        raise AnswerIsBadError("nothing was done")


def _settings(config: Path) -> Config:
    from exporter import logs
    from exporter.config.load import load

    settings = load(config, os.environ)
    logs.configure("error", settings.log.format)
    return settings


def _obeyed(gate: GateView) -> str:
    if gate.obeyed(time.time()):
        return f"A running exporter obeys (mode {gate.heartbeat_mode})."
    return "No running exporter obeys this now: while none runs with this ledger, nothing is done."


def _user() -> str:
    # SUDO_USER: whoever is root says less than whoever became it.
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    return printable(name, limit=100)


def _noted(note: str) -> str:
    if len(note) > MAX_NOTE:
        raise UsageError(f"--note: may have {MAX_NOTE} characters")
    return printable(note, limit=MAX_NOTE)


def _instant(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
        # In UTC it may lie beyond the years that there are.
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise UsageError("--since: must be a day or an instant, such as 2026-01-15 or 2026-01-15T10:30:00Z") from None


def _write(document: object) -> None:
    from exporter.cli.diagnosing import write_json

    write_json(document)
