"""The verdict of the fleet as a number, for the words of the first panels."""

from __future__ import annotations

from typing import Final

from dashboards.queries import JOB, coded, lines
from dashboards.words import DO_FIRST, NOBODY, PARTLY, VERDICT_CODES

VERDICT: Final = lines(
    coded(
        "xero_fleet_verdict",
        "verdict",
        VERDICT_CODES,
        "min",
        f"0 * (up{{{JOB}}} == 0 and on () xero_fleet_verdict{{{JOB}}}) + {PARTLY}",
    ),
    f"or vector({NOBODY})",
)
"""The code of the verdict; `NOBODY` where no exporter answers, `PARTLY` where others do."""

SENTENCES: Final = lines(
    f'label_replace({VERDICT}, "line", "means", "", "")',
    f'or label_replace(({VERDICT}) + {DO_FIRST}, "line", "next", "", "")',
)
"""The verdict twice: for what it means, and for what to do first."""
