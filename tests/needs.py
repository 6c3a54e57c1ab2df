"""What a test needs of the machine: without it the test is skipped with a reason; with CI=true it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str, package: str) -> str:
    """The path of a system program, which is in that package of Debian."""
    found = shutil.which(name)
    if found is None:
        lacking(f"{name} is not on this machine (on Debian: sudo apt install {package})")
    return found


def lacking(why: str) -> NoReturn:
    """Ends the test that cannot run here."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
