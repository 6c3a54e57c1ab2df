"""One ledger file, its transactions, and what can go wrong with it in words. Used by one thread at a time.

Every writing transaction begins with BEGIN IMMEDIATE: a deferred one that reads and then writes fails at once when
another process wrote in between. WAL, so that readers do not wait; synchronous=FULL, so that what is acknowledged
survives a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, NoResultFound, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from exporter.errors import LedgerError
from exporter.remediation.ledger.tables import GATE, METADATA, SCHEMA, SCHEMA_VERSION

_log = structlog.get_logger("ledger")

GONE: Final = (
    "ledger.url: the file is gone, or emptied, since it was used; bring it back, or restart to begin a new one: "
    "cooldowns, budgets, pauses and the record are forgotten then"
)
"""Why a file that was removed is not made anew: with it a person's pause would be gone, and every limit at nothing."""

LOCK_WAIT: Final = 2.0
"""Seconds that a transaction waits for another process: less than Alertmanager waits for an answer (10 s)."""

_SQLITE: Final = "sqlite:///"
_CAUSES: Final = {
    sqlite3.SQLITE_BUSY: "another process holds its lock; look for one that hangs",
    sqlite3.SQLITE_LOCKED: "another process holds its lock; look for one that hangs",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "the disk gives an error; look at its file system",
    sqlite3.SQLITE_READONLY: "it is read-only; give this user the right to write the file and its folder",
    sqlite3.SQLITE_PERM: "it is read-only; give this user the right to write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; see that its folder exists and is this user's",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; put it aside, or bring back a copy",
    sqlite3.SQLITE_CONSTRAINT: "it refuses to hold something twice: that is a fault of this program",
    sqlite3.SQLITE_NOTADB: "the file is no ledger; name another one in ledger.url",
}

_T = TypeVar("_T")


class Store:
    """One ledger. Opens when it is first used, and again after anything went wrong with it."""

    def __init__(self, url: str, *, now: Callable[[], float], create: bool = True) -> None:
        """Opens nothing yet.

        Args:
            url: ``sqlite:///`` and an absolute path.
            now: seconds since 1970 UTC, for the date of a new ledger.
            create: whether a file that is missing is made, unless this has used it before. A command that asks must
                not leave an empty ledger.
        """
        self.path = Path(url.removeprefix(_SQLITE))
        self._now = now
        self._create = create
        self._engine: Engine | None = None
        self._identity: tuple[int, int] | None = None
        self._was_there = False

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Does `work` in one transaction that nobody can come between; when this returns, it is on the disk.

        Raises:
            LedgerError: it cannot be; nothing is written.
        """
        return self._within(work, reading=False)

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Does `work`, which only reads, on one state of the ledger.

        Raises:
            LedgerError: it cannot be read.
        """
        return self._within(work, reading=True)

    def close(self) -> None:
        """Closes the file; it opens again when it is used."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _within(self, work: Callable[[Connection], _T], *, reading: bool) -> _T:
        try:
            engine = self._opened()
            with engine.connect().execution_options(reading=reading) as connection, connection.begin():
                return work(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            # Whatever it was, the next use begins with a fresh look at the file.
            self.close()
            raise LedgerError(f"ledger.url: {_cause(error)}") from error

    def _opened(self) -> Engine:
        # A file that was removed or replaced would swallow what is written until the process ends.
        if self._engine is not None and self._seen() != self._identity:
            self.close()
        if self._engine is None:
            if self._was_there and not (self.path.exists() and self.path.stat().st_size):
                raise LedgerError(GONE)
            if self._create and not self.path.exists():
                # Notes and names are in it: its owner's alone, as SQLite then makes its other files.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            engine = _engine(self.path, create=self._create and not self._was_there)
            try:
                with engine.connect() as connection, connection.begin():
                    _prepare(connection, self._now(), new=not self._was_there)
            except BaseException:
                engine.dispose()
                raise
            self._engine, self._identity, self._was_there = engine, self._seen(), True
        return self._engine

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - Path.stat costs twice as much
        except OSError:
            return None
        # Emptied in its place is gone as well: it is never smaller than the page that says what it is.
        return (found.st_dev, found.st_ino) if found.st_size else None


def _engine(path: Path, *, create: bool) -> Engine:
    mode = "rwc" if create else "rw"

    def connect() -> sqlite3.Connection:
        # isolation_level None: sqlite3 begins nothing by itself; `_begin` does. Threads: one at a time, any.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=LOCK_WAIT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(_SQLITE, creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _prepare(connection: Connection, now: float, *, new: bool) -> None:
    """Makes the tables of a new ledger, where it may be one; of an old one, sees that this program knows it."""
    if not new and not inspect(connection).has_table(GATE.name):
        raise LedgerError(GONE)
    METADATA.create_all(connection)
    version = connection.execute(select(SCHEMA.c.version)).scalar()
    if version is None:
        connection.execute(insert(SCHEMA).values(version=SCHEMA_VERSION))
        connection.execute(insert(GATE).values(id=1, created_at=now))
        _log.warning("ledger_created", consequence="nothing done before is known: it acts in half an hour")
    elif version != SCHEMA_VERSION:
        raise LedgerError(
            f"ledger.url: the ledger has schema version {version}, and this program knows {SCHEMA_VERSION}; "
            "use the program that wrote it, or name another ledger"
        )


def _cause(error: Exception) -> str:
    """What went wrong, in words of ours: the driver's would name paths and statements."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _CAUSES.get(code & 0xFF, f"it gives error {code}")  # the low byte is the error, the rest details it
    if isinstance(error, NoResultFound):
        return "it lacks a row that every ledger has; put it aside, or bring back a copy"
    if isinstance(error, OSError):
        return _CAUSES[sqlite3.SQLITE_CANTOPEN]
    return f"it cannot be used ({type(error).__name__})"
