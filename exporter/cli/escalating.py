"""The command that hands one organisation over: `escalate`."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from exporter import __version__
from exporter.cli.serving import ConfigFile
from exporter.errors import AnswerIsBadError

_ORG = typer.Argument(metavar="ORG", help="The organization_id.")
_JSON = typer.Option("--json", help="JSON instead of Markdown.")
_OUTPUT = typer.Option(
    "--output",
    metavar="FILE",
    readable=False,
    help="Write to this new file, readable by you alone; never over another.",
)
_PERSONAL = typer.Option(
    "--with-personal-data", help="With whole error texts and the name, for those who may see them."
)


def escalate(
    config: ConfigFile,
    organization: Annotated[str, _ORG],
    as_json: Annotated[bool, _JSON] = False,
    output: Annotated[Path | None, _OUTPUT] = None,
    with_personal_data: Annotated[bool, _PERSONAL] = False,
) -> None:
    """Make the bundle with which one organisation is handed over, a request to Xero's support included."""
    from exporter import logs
    from exporter.cli import loop
    from exporter.cli.diagnosing import seen_now
    from exporter.config.load import load
    from exporter.expose.escalation import escalation_document
    from exporter.expose.escalation_markdown import escalation_markdown
    from exporter.model.facts import Status

    settings = load(config, os.environ)
    logs.configure("error", settings.log.format)
    if output is not None and os.path.lexists(output):
        raise _exists(output)
    seen, document, _ = loop.run(seen_now(settings, organization, names=with_personal_data))
    if seen.error is not None:
        raise seen.error
    status = seen.reading.outcome
    bundle = escalation_document(
        document,
        status.errors if isinstance(status, Status) else (),
        at=time.time(),
        version=__version__,
        personal_data=with_personal_data,
    )
    # JSON in ASCII: nothing in it can drive a terminal.
    text = f"{json.dumps(bundle.model_dump(mode='json'), indent=2)}\n" if as_json else escalation_markdown(bundle)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    write_new(output, text)
    sys.stderr.write(f"written to {output}, readable by you alone\n")


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
