"""Starts and ends the stories of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenario.story import Watch, watching


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """A function that starts a story; all that it started ends with the test."""
    async with watching(tmp_path) as start:
        yield start
