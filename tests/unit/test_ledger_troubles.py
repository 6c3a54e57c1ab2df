"""A ledger that cannot be used says so in a sentence, records nothing by halves, and is used again when it can be."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exporter.errors import LedgerError
from exporter.model.action import ActionKind
from exporter.model.holds import Hold
from exporter.remediation.ledger import engine
from exporter.remediation.ledger.work import Work
from exporter.remediation.policy import Do, Wait
from tests.unit.acting import AUTO, MINUTE, NOON, RETRY, Book, alert


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


def test_a_file_that_was_removed_does_not_swallow_what_is_acknowledged(book: Book, tmp_path: Path) -> None:
    """The open file would take it in, and nobody would ever find it; a new one would have forgotten every limit."""
    book.deliver(alert())
    book.work.pause("ops", "", NOON)
    aside = book.path.rename(tmp_path / "aside.db")
    for _ in range(2):
        with pytest.raises(LedgerError, match="the file is gone, or emptied, since it was used; bring it back"):
            book.work.deliver([alert("org-2")], 0, NOON)
        assert not book.path.exists()
    aside.rename(book.path)
    assert book.work.gate().paused_at == NOON
    assert book.work.deliver([alert("org-2")], 0, NOON).recorded == 1


def test_an_empty_file_in_its_place_is_no_ledger(book: Book, tmp_path: Path) -> None:
    """A pause that a person asked for would be gone with the other one."""
    book.work.pause("ops", "", NOON)
    aside = book.path.rename(tmp_path / "aside.db")
    book.path.touch()
    with pytest.raises(LedgerError, match="or emptied, since it was used"):
        book.work.gate()
    assert book.path.stat().st_size == 0
    aside.replace(book.path)
    assert book.work.gate().paused_at == NOON


def test_a_ledger_that_is_emptied_in_its_place_is_noticed(book: Book) -> None:
    """The same file, and nothing in it any more: the open one would go on as if nothing had happened."""
    book.work.pause("ops", "", NOON)
    book.work._store.close()  # writes what its log holds into the file
    book.work.gate()
    os.truncate(book.path, 0)
    for _ in range(2):
        with pytest.raises(LedgerError, match="or emptied, since it was used"):
            book.work.gate()


def test_what_the_log_of_an_emptied_ledger_still_holds_is_used(book: Book) -> None:
    """All of it, as long as nothing was written back into the file."""
    book.work.pause("ops", "", NOON)
    os.truncate(book.path, 0)
    assert book.work.gate().paused_at == NOON


def test_after_a_restart_a_ledger_that_is_gone_is_a_new_one_that_waits(book: Book) -> None:
    """Whoever restarts was told what is forgotten; what was done before may still be under way."""
    book.deliver(alert())
    book.path.unlink()
    book.reopened()
    book.deliver(alert("org-2"))
    assert book.claim() is None
    assert book.hold() is Hold.WARMING_UP


def test_a_ledger_that_was_put_in_its_place_is_used_at_once(book: Book, tmp_path: Path) -> None:
    """A backup that is brought back, by an atomic replace."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(book.path)) as live, closing(sqlite3.connect(copy)) as backup:
        live.backup(backup)
    book.deliver(alert())
    copy.rename(book.path)
    book.work.deliver([alert("org-2")], 0, NOON)
    other = book.opened()
    assert [one.organization_id for one in other.waiting(10)] == ["org-2"]
    other.close()


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


def changed(book: Book, statement: str) -> None:
    """Somebody wrote into the file by hand."""
    book.work.close()
    with closing(sqlite3.connect(book.path)) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute(statement)
        other.commit()
    book.reopened()


def test_a_hold_that_is_not_known_is_judged_afresh(book: Book) -> None:
    """By a program of later words: it stops nobody."""
    book.deliver(alert(), decide=lambda _: Wait(Hold.CONNECTION))
    book.claim(Wait(Hold.CONNECTION))
    changed(book, "UPDATE actions SET hold = 'a_newer_word'")
    book.wait(MINUTE)
    assert book.claim(Do(ActionKind.RETRY, RETRY)) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE actions SET state = 'a_newer_word'",
        "UPDATE actions SET kind = 'a_newer_word'",
        "UPDATE actions SET source = 'a_newer_word'",
        "UPDATE actions SET issue = 'a_newer_word'",
        "UPDATE actions SET parameters = 'no JSON'",
    ],
)
def test_a_row_that_nobody_can_read_is_trouble_with_the_ledger(book: Book, statement: str) -> None:
    """In a sentence, like all of it: not a fault of the program."""
    book.deliver(alert())
    changed(book, statement)
    with pytest.raises(LedgerError, match="does not know"):
        book.work.actions(None, (), 10, None)


def test_an_episode_that_nobody_can_read_is_too(book: Book) -> None:
    """The issue is a later program's."""
    book.deliver(alert())
    book.close(book.claim())
    changed(book, "UPDATE episodes SET issue = 'a_newer_word'")
    with pytest.raises(LedgerError, match="does not know"):
        book.work.episodes()


def test_a_ledger_without_its_gate_is_told(book: Book) -> None:
    """Nothing is done by guesses about what holds everybody."""
    book.work.close()
    with closing(sqlite3.connect(book.path)) as other:
        other.execute("DELETE FROM gate")
        other.commit()
    with pytest.raises(LedgerError, match="lacks a row"):
        book.opened().gate()
