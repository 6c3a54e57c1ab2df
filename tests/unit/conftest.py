"""What tests of files need: a user for whom permissions mean something."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def folder_of_somebody() -> Iterator[Path]:
    """A folder that is ours while we are not root: root reads everything, so root becomes somebody else meanwhile."""
    was = os.geteuid()
    folder = Path(tempfile.mkdtemp())
    if was == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(was)
        shutil.rmtree(folder)
