"""Dashboards as files."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.queries import Spans
from dashboards.shipped import all_boards


def board_json(board: dict[str, object]) -> str:
    """A dashboard as it is committed: one thing a line, so that a change can be read."""
    return json.dumps(board, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, scale: float = 1.0) -> None:
    """Writes every dashboard into `folder`, all durations of queries divided by `scale`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in all_boards(Spans.scaled(scale)).items():
        (folder / f"{name}.json").write_text(board_json(board), encoding="utf-8")
