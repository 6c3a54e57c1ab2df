"""docs/remediation.md, written from the words and limits that the program itself uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.model.action import ActionState, AttemptOutcome, Mode
from exporter.model.asked import PERSON_LOOKBACK
from exporter.model.holds import EXITS, MEANINGS, Hold
from exporter.model.limits import BREAKER_LONGEST, EPISODE_ENDS
from exporter.model.words import MAX_RECORD_IDS
from exporter.observe.reasons import REASONS
from exporter.remediation.gates import GATES, MEMORY
from exporter.remediation.ledger.recording import BACK_OFF, BACK_OFF_LONGEST
from exporter.remediation.outcome import UNSEEN
from exporter.remediation.policy import SINCE_MARGIN

_HEAD: Final = """\
# Remediation

This page is written by `xero-exporter docs remediation`. The keys are in [config.md](config.md#remediation).

The exporter can ask the platform for a retry of records or a resync of types: only where that can help, once, and on
the record. The alert is a hint, the fresh reading is the evidence, the ledger is the law.

- **At most one call per attempt.** The attempt is committed before the call, with the key that the call carries as
  `Idempotency-Key`. A call that may have been received is never sent again: what a timeout, a reset, a 5xx or a crash
  leaves is `unknown`, and later readings tell whether it helped. Redirects are not followed.
- **A yes is no evidence.** An action is `verified` by fewer failures and a sync after the call, within `verify_within`.
- **No ids, no retry.** Ids come from a person, or from the fields of an error in `record_id_fields`. An empty list
  never means all. The platform's documented answer has no ids: there, `fallback: resync` is the only automatic act, and
  off.
- **One at a time.** One call under way for the whole fleet, one unfinished action per organisation and kind (the
  database forbids a second), one executor per ledger.
- **What cannot be recorded is not done.** A ledger that is locked, full, read-only or gone stops actions; polling and
  `/metrics` go on, and so do actions once it can be used.

"""

_MODES: Final = {
    Mode.OFF: "Nothing, and nothing is recorded: alerts are left out, and a person is refused.",
    Mode.DRY_RUN: "Everything but the call: gates, attempt, fresh reading. `would` tells what would have been done, or "
    "which hold would have stopped it. Budgets and cooldowns are counted as if the calls had been made.",
    Mode.APPROVE: "What a person asks for or approves; alerts wait for a person.",
    Mode.AUTO: "Also what alerts ask for, for the organisations of `include`. It needs that list, and a token with "
    "role alerts: without them the configuration is refused.",
}


def remediation_reference() -> str:
    """The Markdown page. Ends with one line break."""
    return _HEAD + "\n".join([*_modes(), *_decision(), *_holds(), *_lives(), *_numbers()])


def _modes() -> Iterator[str]:
    yield "## Modes"
    yield ""
    yield "| `remediation.mode` | what is done |"
    yield "| --- | --- |"
    for mode in Mode:
        default = " (default)" if mode is Mode.DRY_RUN else ""
        yield f"| `{mode}`{default} | {_MODES[mode]} |"
    yield ""


def _decision() -> Iterator[str]:
    curable = ", ".join(f"`{reason}`" for reason, row in REASONS.items() if row.retry_helps)
    yield "## What is decided"
    yield ""
    yield f"A retry can help with these reasons, and with no other: {curable}. All others need a person first."
    yield ""
    yield "An alert says whom and which issue; what is done comes from the diagnosis, twice: before the claim, and by a"
    yield "reading made after it. An issue that is gone cancels the action; the end of an alert alone does not."
    yield "A broken connection and the daily limit hold everything, also what a person asks for."
    yield ""
    yield "An action is there for all who ask for that kind of it: the first for whom something can be done, and that"
    yield "the gates let pass, is who it is done for. When it ends, the others ask again. An approval is of the call"
    yield "that was shown, or of a part of it, for `approval_expires`; a rejection lasts until the alert has ended, or"
    yield "for `expires`; another request of a person is never overwritten."
    yield ""


def _holds() -> Iterator[str]:
    gates = {gate.hold for gate in GATES}
    yield "## Holds"
    yield ""
    yield "Why something is not done now is always one of these words: stored, counted, shown. Gates are judged in this"
    yield "order, inside the claim; the first one speaks."
    yield ""
    yield "| hold | gate | what it says | how it ends |"
    yield "| --- | --- | --- | --- |"
    for hold in Hold:
        yield f"| `{hold}` | {'yes' if hold in gates else ''} | {MEANINGS[hold]} | {EXITS[hold]} |"
    yield ""
    yield "An issue that ends also ends its action, whatever holds it; so does `remediation.expires`. What a person"
    yield "asks for or approves passes these, and nothing else: `warming_up`, `quiet_hours`,"
    yield "`organization_not_allowed`, `kind_not_allowed`, `attempts`, `approval`."
    yield ""


def _lives() -> Iterator[str]:
    yield "## Words of the ledger"
    yield ""
    yield f"- States of an action: {', '.join(f'`{state}`' for state in ActionState)}."
    yield f"- Outcomes of an attempt: {', '.join(f'`{outcome}`' for outcome in AttemptOutcome)}."
    yield ""
    yield "| the platform answers | outcome | then |"
    yield "| --- | --- | --- |"
    yield "| any 2xx, whatever is in it | `accepted` | readings tell |"
    yield "| 401, 403 | `refused` | `credential` holds everybody |"
    yield "| 429 | `rate_limited` | `back_off`, at least as long as `Retry-After` says |"
    yield "| any other 3xx or 4xx | `refused` | `failed` |"
    yield "| 5xx, nothing in time, no HTTP, a reset | `unknown` | readings tell |"
    yield "| no connection could be made | `not_sent` | `back_off` |"
    yield ""


def _numbers() -> Iterator[str]:
    yield "## What is not a setting"
    yield ""
    yield f"- A retry names at most {MAX_RECORD_IDS} records."
    yield f"- A resync begins {SINCE_MARGIN:g} s before the first failing error."
    yield f"- A person's resync reaches back at most {PERSON_LOOKBACK / 86_400:g} days."
    longest = BACK_OFF_LONGEST / 60
    yield f"- A call that did not get through waits {BACK_OFF:g} s, doubled each time, at most {longest:g} min."
    yield f"- An episode ends when its issue was absent for {EPISODE_ENDS / 3600:g} h; attempts count from 0 again."
    yield f"- The pause of the breaker doubles up to {BREAKER_LONGEST / 3600:g} h."
    yield f"- A new ledger remembers nothing: for {MEMORY / 60:g} min nothing is done automatically."
    yield "- A ledger that is gone while the exporter runs is not begun anew before a restart: its pause would be gone."
    yield f"- An action that no reading could judge counts as ineffective after {UNSEEN:g} x `verify_within`."
    yield ""
