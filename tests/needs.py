"""What a test needs of the machine: without it the test is skipped with a reason; with CI=true it fails."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

_PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}


def program(name: str, package: str | None = None) -> str:
    """The path of a system program, which is in that package of Debian; by default in that of its name."""
    found = shutil.which(name)
    if found is None:
        lacking(f"{name} is not on this machine (on Debian: sudo apt install {package or _PACKAGES.get(name, name)})")
    return found


def lacking(why: str) -> NoReturn:
    """Ends the test that cannot run here."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
