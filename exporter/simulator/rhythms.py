"""Scripts of organisations that sync at other times than every quarter of an hour, or no longer do.

What happened the day before lies at negative minutes of the period.
"""

from __future__ import annotations

from typing import Final

from exporter.simulator import texts
from exporter.simulator.timeline import TOKEN_LIFE, Report, Script, Stage, Trouble

_WELL: Final = Report()
_DAY: Final = 1440.0
_NIGHT: Final = 120.0
"""Two in the morning."""


def _after_the_night(night: float) -> Report:
    """Synced then, with a token that has been expired ever since: nothing is wrong."""
    return Report(expiry=night + TOKEN_LIFE, last_sync=night)


def _after_a_bad_night(night: float) -> Report:
    return Report(
        expiry=night + TOKEN_LIFE,
        last_sync=night,
        sync_status="degraded",
        troubles=(Trouble("invoice_sync", texts.ACCOUNT, since=night + 1, every=None, records=3),),
    )


def _waiting(pending: int) -> Report:
    return Report(last_sync=60, pending_syncs=pending)


_LIMITED: Final = Report(
    sync_status="degraded",
    pending_syncs=2,
    troubles=(Trouble("contact_sync", texts.MINUTE_LIMIT, since=16, every=30),),
)

SCRIPTS: Final[dict[str, Script]] = {
    "nightly": Script(
        "syncs once a day at two in the morning, on a token that has long expired when the day begins",
        period=_DAY,
        stages=(Stage(0, _after_the_night(_NIGHT - _DAY)), Stage(_NIGHT, _after_the_night(_NIGHT))),
    ),
    "on_demand": Script(
        "syncs only when somebody presses a button, every other day",
        period=2 * _DAY,
        stages=(Stage(0, Report(expiry=TOKEN_LIFE, last_sync=0)),),
    ),
    "fails_every_night": Script(
        "syncs once a day at two in the morning, and the same invoices fail each time",
        period=_DAY,
        stages=(Stage(0, _after_a_bad_night(_NIGHT - _DAY)), Stage(_NIGHT, _after_a_bad_night(_NIGHT))),
    ),
    "flapping": Script(
        "runs into the limit of calls a minute every other quarter of an hour, and is well in between",
        period=60,
        stages=(Stage(0, _WELL), Stage(15, _LIMITED), Stage(30, _WELL), Stage(45, _LIMITED)),
    ),
    "sync_stale": Script(
        "nothing syncs for almost two days while ever more waits, and nothing is called an error",
        period=2 * _DAY,
        stages=(
            Stage(0, _WELL),
            Stage(60, _waiting(4)),
            Stage(300, _waiting(11)),
            Stage(900, _waiting(27)),
            Stage(1680, _waiting(46)),
            Stage(2760, _WELL),
        ),
    ),
}
"""By name; part of `scripts.SCRIPTS`."""
