"""The exporter as it is installed, but for judgement: no text is recognised, nothing is concluded, nobody is counted.

Takes what ``xero-exporter`` takes. What it tells of organisations is what the platform says, and no more.
"""

from __future__ import annotations

import exporter.running.building
from exporter.cli.main import run
from exporter.model.facts import OrganizationState, Reading, Status
from exporter.model.fleet import NOBODY, UNJUDGED, FleetJudgement, Tally
from exporter.model.judgement import BLANK, WELL, Diagnosis, Memory, Thresholds
from exporter.observe import fold
from exporter.observe.diagnosis import Judgement
from exporter.upstream.memberpulse import as_it_is


def _diagnosed(_: OrganizationState, __: Status, ___: Reading, ____: Thresholds) -> tuple[Diagnosis, Memory]:
    return WELL, BLANK


def _judge(*_: object, **__: object) -> Judgement:
    return Judgement(WELL, BLANK)


def _nobody(*_: object) -> Tally:
    return NOBODY


def _unjudged(*_: object) -> FleetJudgement:
    return UNJUDGED


if __name__ == "__main__":
    for module, name, without in (
        (exporter.running.building, "interpreted", as_it_is),
        (fold, "_diagnosed", _diagnosed),
        (fold, "judge", _judge),
        (fold, "tally_of", _nobody),
        (fold, "added", _nobody),
        (fold, "judge_fleet", _unjudged),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name} any more: mend bench/unjudged.py"
        setattr(module, name, without)
    run()
