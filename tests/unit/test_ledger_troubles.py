"""A ledger that cannot be used says so in a sentence, records nothing by halves, and is used again when it can be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.errors import LedgerError
from exporter.model.holds import Hold
from exporter.remediation.ledger import engine
from exporter.remediation.ledger.work import Work
from tests.unit.acting import AUTO, NOON, Book, alert


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A ledger that waits for nobody."""
    monkeypatch.setattr(engine, "LOCK_WAIT", 0.05)
    return Book(tmp_path / "ledger.db")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def test_a_locked_ledger_is_told_and_used_again(book: Book) -> None:
    """Somebody's backup, or a hung process."""
    with locked(book.path), pytest.raises(LedgerError, match="another process holds its lock"):
        book.work.deliver([alert()], 0, NOON)
    assert book.work.waiting(10) == []
    assert book.work.deliver([alert()], 0, NOON).recorded == 1


def test_a_locked_ledger_can_still_be_read(book: Book) -> None:
    """Pages and commands go on."""
    book.deliver(alert())
    with locked(book.path):
        assert book.only().organization_id == "org-1"


def test_a_full_disk_loses_nothing_that_was_acknowledged(book: Book) -> None:
    """And takes in nothing by halves."""
    book.work.deliver([alert()], 0, NOON)
    opened = book.work._store._engine
    assert opened is not None
    with opened.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="disk is full"):
        book.work.deliver([alert(f"org-{number}") for number in range(5_000)], 0, NOON)
    assert [one.organization_id for one in book.work.waiting(10)] == ["org-1"]
    assert book.work.deliver([alert("org-2")], 0, NOON).recorded == 1


def test_a_read_only_ledger_is_told_and_used_again(folder_of_somebody: Path) -> None:
    """A volume that is mounted wrongly."""
    path = folder_of_somebody / "ledger.db"
    work = Work(f"sqlite:///{path}", now=lambda: NOON)
    work.deliver([alert()], 0, NOON)
    work.close()
    for one in folder_of_somebody.iterdir():
        one.chmod(0o400)
    folder_of_somebody.chmod(0o500)
    with pytest.raises(LedgerError, match=r"right to write|cannot be opened"):
        work.deliver([alert("org-2")], 0, NOON)
    folder_of_somebody.chmod(0o700)
    for one in folder_of_somebody.iterdir():
        one.chmod(0o600)
    assert work.deliver([alert("org-2")], 0, NOON).recorded == 1
    work.close()


def test_a_folder_that_is_gone_is_told_and_used_again(tmp_path: Path) -> None:
    """A volume that is not mounted yet."""
    folder = tmp_path / "volume"
    work = Work(f"sqlite:///{folder}/ledger.db", now=lambda: NOON)
    with pytest.raises(LedgerError, match="cannot be opened"):
        work.deliver([alert()], 0, NOON)
    with pytest.raises(LedgerError, match="folder"):
        work.begin(AUTO, NOON)
    folder.mkdir()
    assert work.deliver([alert()], 0, NOON).recorded == 1
    work.close()


def test_a_file_that_was_removed_does_not_swallow_what_is_acknowledged(book: Book) -> None:
    """The open file would take it in, and nobody would ever find it."""
    book.deliver(alert())
    book.path.unlink()
    book.work.deliver([alert("org-2")], 0, NOON)
    other = book.opened()
    assert [one.organization_id for one in other.waiting(10)] == ["org-2"]
    other.close()
    book.plan()
    assert book.claim() is None
    assert book.hold() is Hold.WARMING_UP


def test_a_command_does_not_leave_an_empty_ledger(tmp_path: Path) -> None:
    """It asked at the wrong place."""
    work = Work(f"sqlite:///{tmp_path}/ledger.db", now=lambda: NOON, create=False)
    with pytest.raises(LedgerError, match="cannot be opened"):
        work.gate()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    """Somebody named the wrong file."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is somebody's letter, and no database at all. " * 100)
    work = Work(f"sqlite:///{path}", now=lambda: NOON)
    with pytest.raises(LedgerError, match="no ledger"):
        work.gate()
    assert path.read_bytes().startswith(b"this is somebody's letter")


def test_a_ledger_of_a_later_program_is_refused(book: Book) -> None:
    """This one would not know what it must not do."""
    book.work.close()
    with sqlite3.connect(book.path) as other:
        other.execute("UPDATE schema_version SET version = 2")
    other.close()
    with pytest.raises(LedgerError, match="schema version 2"):
        book.opened().gate()


def test_errors_name_no_path_and_no_statement(book: Book) -> None:
    """They go into logs and answers."""
    with locked(book.path), pytest.raises(LedgerError) as refused:
        book.work.deliver([alert("org-secret")], 0, NOON)
    assert str(book.path) not in str(refused.value)
    assert "org-secret" not in str(refused.value)
    assert "INSERT" not in str(refused.value)


def test_what_is_written_is_on_the_disk(book: Book) -> None:
    """WAL, and synchronous=FULL: a power cut loses nothing that was acknowledged."""
    book.work.gate()
    opened = book.work._store._engine
    assert opened is not None
    with opened.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
