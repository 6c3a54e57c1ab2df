"""Every error of this program that is meant for a person, in one tree.

ExporterError                      what happened, where, how to mend; one line; knows its exit code
├── AnswerIsBadError          (1)  the question was understood, the answer is no
│   ├── ConfigError           (1)  the configuration has faults, all of them listed
│   └── RefusedError          (1)  an action, or a change of one, that cannot be
├── UsageError                (2)  the command was asked for in a way that it does not know
└── UnreachableError          (3)  somebody we need (the platform, an address to listen on) cannot be reached
    └── LedgerError           (3)  the ledger cannot be read or written now

Exit code 0 is success. A message never carries a secret or a personal value: it names the key, never the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ExporterError(Exception):
    """What happened, where, and how to mend it, in one line."""

    exit_code: ClassVar[int] = 1


class AnswerIsBadError(ExporterError):
    """The question was understood and the answer is no: configuration invalid, organisation unknown, refused."""

    exit_code = 1


class UsageError(ExporterError):
    """The command line asks for something that the command does not know."""

    exit_code = 2


class UnreachableError(ExporterError):
    """Something needed from outside cannot be reached: the platform, an address to listen on, a running exporter."""

    exit_code = 3


class RefusedError(AnswerIsBadError):
    """There is no such action, or it stands where that cannot be done; nothing was changed."""


class LedgerError(UnreachableError):
    """The ledger is locked, full, read-only, missing or broken; nothing of what was asked is recorded."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a configuration, without the value that is wrong.

    Attributes:
        where: the key path, such as ``platform.timeout`` or ``organizations.static[3].id``; empty for the whole file.
        what: what is wrong and how to mend it, one sentence without a final stop.
        file: the file it stands in, or ``environment``; empty when the fault has no place of its own.
        line: line in the file, from 1; None when unknown (a missing key, the environment).
        column: column in that line, from 1; None when unknown.
    """

    where: str
    what: str
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return ": ".join(part for part in (place, self.where, self.what) if part)


class ConfigError(AnswerIsBadError):
    """The configuration cannot be used; `faults` holds every reason found, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))
