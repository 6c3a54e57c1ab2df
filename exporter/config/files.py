"""Reading small files that somebody else replaces: what they are now, and whether they are still the same."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple


class FileProblemError(Exception):
    """Why a file gives nothing: a predicate for people, such as ``does not exist``, without path or content."""


class FileSignature(NamedTuple):
    """What changes when the content of a file changes, by rewriting or by replacing it.

    Attributes:
        modified: time of the last change of its content, nanoseconds.
        changed: time of the last change of its content, mode or owner, nanoseconds: a permission given later counts.
        size: bytes.
        inode: number of the file in its file system; an atomic replace gives another one.
        device: number of the file system.
    """

    modified: int
    changed: int
    size: int
    inode: int
    device: int


def signature(path: Path) -> FileSignature | None:
    """The signature of what `path` leads to now, None when that cannot be told. Never raises.

    Links are followed, so the swap of the ``..data`` link in a Kubernetes volume is a change. A stat costs about
    3 us and sees every kind of replacement; watching by inotify misses atomic ones.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - Path.stat costs twice as much, and this runs every second
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    return FileSignature(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)


def read_file(path: Path, limit: int) -> bytes:
    """The whole content of a regular file of at most `limit` bytes.

    Raises:
        FileProblemError: it is missing, a directory, a device, unreadable or too large.
    """
    try:
        # Non-blocking, because opening a FIFO that nobody writes to would wait for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileProblemError("is not a regular file")
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise FileProblemError("does not exist") from None
    except IsADirectoryError:
        raise FileProblemError("is a directory, not a file") from None
    except PermissionError:
        raise FileProblemError("cannot be read: permission denied") from None
    except (OSError, ValueError):
        raise FileProblemError("cannot be read") from None
    if len(content) > limit:
        raise FileProblemError(f"is larger than {_size(limit)}")
    return content


def read_text(path: Path, limit: int) -> str:
    """The whole content of a UTF-8 file of at most `limit` bytes; a byte order mark is left out.

    Raises:
        FileProblemError: as `read_file`, or it is not UTF-8.
    """
    try:
        return read_file(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileProblemError("is not UTF-8 text; save it as UTF-8") from None


def _size(limit: int) -> str:
    kibibytes = limit // 1024
    return f"{kibibytes} KiB" if kibibytes < 1024 else f"{kibibytes // 1024} MiB"  # noqa: PLR2004 - KiB in a MiB
