"""The command that hands one organisation over: `escalate`."""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter import __version__
from exporter.cli.serving import ConfigFile
from exporter.errors import AnswerIsBadError, ConfigError, ExporterError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.config.schema import Config
    from exporter.expose.escalation_shapes import EscalationDocument
    from exporter.model.action import Action

_ORG = typer.Argument(metavar="ORG", help="The organization_id.")
_JSON = typer.Option("--json", help="JSON instead of Markdown.")
_FROM = typer.Option("--from", metavar="URL", help="Take the bundle of the exporter that runs there.")
_OUTPUT = typer.Option(
    "--output",
    metavar="FILE",
    readable=False,
    help="Write to this new file, readable by you alone; never over another.",
)
_PERSONAL = typer.Option(
    "--with-personal-data", help="With whole error texts and the name, for those who may see them."
)


def escalate(  # noqa: PLR0917 - the command line, which is by name
    config: ConfigFile,
    organization: Annotated[str, _ORG],
    as_json: Annotated[bool, _JSON] = False,
    from_url: Annotated[str | None, _FROM] = None,
    output: Annotated[Path | None, _OUTPUT] = None,
    with_personal_data: Annotated[bool, _PERSONAL] = False,
) -> None:
    """Make the bundle with which one organisation is handed over, a request to Xero's support included.

    Where the platform gives no status, what is known without it, with the exit code of that failure.
    """
    from exporter import logs
    from exporter.cli import loop
    from exporter.cli.remembering import escalation_from, place
    from exporter.config.load import load
    from exporter.expose.escalation_markdown import escalation_markdown

    settings = load(config, os.environ)
    logs.configure("error", settings.log.format)
    if output is not None and os.path.lexists(output):
        raise _exists(output)
    failed: ExporterError | None = None
    if from_url is not None:
        target = place(settings, from_url)
        bundle = loop.run(escalation_from(settings, target, organization, personal_data=with_personal_data))
    else:
        bundle, failed = _made_now(settings, organization, personal_data=with_personal_data)
    # JSON in ASCII: nothing in it can drive a terminal.
    text = f"{json.dumps(bundle.model_dump(mode='json'), indent=2)}\n" if as_json else escalation_markdown(bundle)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_new(output, text)
        sys.stderr.write(f"written to {output}, readable by you alone\n")
    if failed is not None:
        raise failed


def _made_now(
    settings: Config, organization_id: str, *, personal_data: bool
) -> tuple[EscalationDocument, ExporterError | None]:
    """The bundle by a reading made now, and why that gave no status."""
    from exporter.cli import loop
    from exporter.cli.diagnosing import seen_now
    from exporter.cli.remembering import place_of
    from exporter.expose.escalation import escalation_document
    from exporter.model.facts import Status

    seen, document, no_history = loop.run(seen_now(settings, organization_id, names=personal_data))
    status = None if seen.reading is None else seen.reading.outcome
    bundle = escalation_document(
        document,
        status.errors if isinstance(status, Status) else (),
        at=time.time(),
        version=__version__,
        personal_data=personal_data,
        hash_key=secrets.token_bytes(16),
        actions=_actions_of(settings, document.id),
        asked=None if seen.reading is None else _how(settings, document.id),
    )
    failed, running = seen.error, place_of(settings)
    if failed is None or no_history is not None or running is None or isinstance(failed, ConfigError):
        return bundle, failed
    return bundle, type(failed)(f"{failed}; what the running exporter holds: --from {running.base}")


def _actions_of(settings: Config, organization_id: str) -> Sequence[Action] | None:
    """What the ledger has of it; None when it cannot be read, or was never made."""
    from exporter.cli.ledger import with_desk
    from exporter.expose.escalation import MOST_ACTIONS

    try:
        return with_desk(settings, lambda desk: desk.actions(organization_id=organization_id, limit=MOST_ACTIONS))
    except LedgerError:
        return None


def _how(settings: Config, organization_id: str) -> str:
    path = settings.platform.paths.status.replace("{organization_id}", organization_id)
    return f"GET {settings.platform.url.rstrip('/')}{path}, with {settings.platform.timeout:g} s for the answer"


def write_new(path: Path, text: str) -> None:
    """Writes a new file for its owner alone (0600), whole or not at all.

    Raises:
        AnswerIsBadError: there is something of this name already, or it cannot be written.
    """
    try:
        number, name = tempfile.mkstemp(prefix=".xero-exporter-", dir=path.parent)  # 0600
        try:
            with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            # Unlike a rename, a link never replaces what is there.
            os.link(name, path)
        finally:
            with suppress(OSError):
                Path(name).unlink()
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        word = errno.errorcode.get(error.errno or 0, "an error")
        raise AnswerIsBadError(
            f"--output: {path} cannot be written ({word}): name a file in a folder that exists and is yours"
        ) from None


def _exists(path: Path) -> AnswerIsBadError:
    return AnswerIsBadError(f"--output: {path} exists already, and is left as it is: name another file")
