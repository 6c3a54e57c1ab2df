"""All dashboards."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.exporters import exporters
from dashboards.fleet import fleet
from dashboards.organization import organization
from dashboards.queries import SHIPPED, Spans
from dashboards.remediation import remediation


def all_boards(spans: Spans = SHIPPED) -> Mapping[str, dict[str, object]]:
    """Name of the file, without suffix -> the dashboard as it is written."""
    boards = (fleet(spans), organization(spans), exporters(spans), remediation(spans))
    return {str(board["uid"]): board for board in boards}
