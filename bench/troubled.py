"""The simulated platform with organisations of which each lists twenty errors, as a process of its own.

Takes what ``python -m exporter.simulator`` takes; ``--script`` is always ``twenty_errors``.
"""

from __future__ import annotations

import sys
from typing import Final

from exporter.simulator import texts
from exporter.simulator.__main__ import main
from exporter.simulator.scripts import SCRIPTS
from exporter.simulator.timeline import Report, Script, Stage, Trouble

SCRIPT: Final = "twenty_errors"

_TROUBLES: Final = (
    ("contact_sync", texts.DUPLICATE),
    ("contact_sync", texts.SAME_NAME),
    ("contact_sync", texts.MINUTE_LIMIT),
    ("invoice_sync", texts.ACCOUNT),
    ("invoice_sync", texts.TAX),
    ("invoice_sync", texts.XERO_ERROR),
    ("payment_sync", texts.TOO_MUCH),
    ("reconciliation", texts.RECONCILED),
    ("bank_transaction", texts.NO_BANK_ACCOUNT),
    ("invoice_sync", texts.OFFLINE),
)
"""Two entries of each are listed, of this sync and of the one before: new bytes every quarter of an hour."""

SCRIPTS[SCRIPT] = Script(
    "ten causes at each sync, for ever: twenty errors that are young, none of them of the connection",
    period=30,
    stages=(
        Stage(
            0,
            Report(
                sync_status="degraded",
                pending_syncs=3,
                troubles=tuple(
                    Trouble(kind, text, since=-59.5 + number / 20) for number, (kind, text) in enumerate(_TROUBLES)
                ),
            ),
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(main([*sys.argv[1:], "--script", SCRIPT]))
