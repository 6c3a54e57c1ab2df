"""The whole exporter is asked by its own OpenAPI document: nothing breaks, and no answer is undocumented."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from exporter.simulator.fleets import demo_fleet
from exporter.simulator.world import World
from tests.scenario.story import TOKEN, Watch
from tests.scenario.test_remediation import ledger_exists

CONFIG = """
poll: {interval: 1s, stale_after: 1h}
remediation: {mode: approve}
web:
  listen: '127.0.0.1:0'
  open_reading: true
  tokens: [{name: on-call, role: operator, token: canary-operator-token}]
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.verify
async def test_no_answer_breaks_and_none_is_undocumented(watch: Watch, tmp_path: Path) -> None:
    """Some 900 requests that schemathesis makes up, right and wrong ones, with an operator's token: half a minute."""
    world = World(demo_fleet(12, seed=1), admin_token=TOKEN, speed=60, record_ids="record_ids")
    story = await watch(CONFIG, world=world)
    await story.until(lambda scrape: scrape.value("xero_organizations", freshness="fresh"))
    await ledger_exists(story)
    asking = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{story.exporter.url}/api/openapi.json",
        *("--header", "Authorization: Bearer canary-operator-token"),
        *("--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", "20"),
        *("--generation-database", "none", "--seed", "1", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(asking.communicate(), 300)
    assert asking.returncode == 0, told.decode()
    assert "14 selected / 14 total" in told.decode(), told.decode()
