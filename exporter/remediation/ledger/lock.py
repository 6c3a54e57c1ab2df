"""One executor per ledger file: a lock of the operating system, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from exporter.errors import LedgerError


class ExecutorLock:
    """A lock on a file beside the ledger. Held until released, or until the process ends, however it ends."""

    def __init__(self, ledger: Path) -> None:
        """Takes nothing yet."""
        self._path = ledger.with_name(ledger.name + ".lock")
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process is the executor."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Tries to take it, without waiting; returns whether it is held now.

        Raises:
            LedgerError: the file cannot be made: neither could the ledger.
        """
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            raise LedgerError(
                "ledger.url: a file beside the ledger cannot be made; see that its folder exists"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Gives it up."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
