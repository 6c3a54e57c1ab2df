"""The keys of `remediation` and `ledger`: what may be done to the platform, and where that is recorded."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo

from exporter.config import expressions, values
from exporter.config.expressions import Expression
from exporter.config.section import Section
from exporter.config.values import Spelling, SpellingError, text
from exporter.model.action import Mode
from exporter.model.limits import Limits

_WINDOW: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SQLITE: Final = "sqlite:///"


class Fallback(StrEnum):
    """What stands in for a retry where the platform gives no record ids."""

    RESYNC = "resync"


def _window(value: object) -> str:
    written = text(value)
    match = _WINDOW.fullmatch(written)
    if match is None or match[1] + match[2] == match[3] + match[4]:
        raise SpellingError("must be HH:MM-HH:MM in UTC, such as 22:00-06:00")
    return written


def _ledger_url(value: object) -> str:
    written = text(value)
    path = written.removeprefix(_SQLITE)
    if path == written or not path or "?" in path or "\0" in path or len(path) > values.MAX_TEXT:
        raise SpellingError("must be sqlite:/// and the path of a file, such as sqlite:////var/lib/xero-exporter.db")
    return written


def _beside_the_config(url: str, info: ValidationInfo) -> str:
    """A relative path is from the folder of the configuration, as all are; SQLAlchemy takes it from the current one."""
    path = Path(url.removeprefix(_SQLITE))
    return f"{_SQLITE}{info.context['folder'] / path}" if info.context else url


QUIET: Final = Spelling("HH:MM-HH:MM", _window)
FIELD_NAME: Final = Spelling(
    "field name", values.matching(_FIELD, "the name of a field, of letters, digits and _").parse
)


class Storm(Section):
    """When so much is wrong at once that it is an incident and nobody's own trouble."""

    share: Annotated[float, values.positive(1)] = Field(
        default=0.2, description="Part of the fresh organisations above which unhealthy ones are a storm."
    )
    least: Annotated[int, values.whole(1, 100_000)] = Field(
        default=5, description="With fewer unhealthy organisations it is none."
    )
    calm: Annotated[float, values.duration("1s", "1d")] = Field(
        default=900.0, description="How long there must have been none before actions go on."
    )


class Blind(Section):
    """When too little is known to judge anybody."""

    share: Annotated[float, values.positive(1)] = Field(
        default=0.1, description="Part of the organisations above which stale ones hold all actions."
    )
    least: Annotated[int, values.whole(1, 100_000)] = Field(
        default=3, description="With fewer stale organisations they do not."
    )


class Breaker(Section):
    """When actions evidently do not help."""

    after: Annotated[int, values.whole(1, 1000)] = Field(
        default=5, description="Actions in a row that failed or did not help, after which none is done."
    )
    pause: Annotated[float, values.duration("1m", "1d")] = Field(
        default=3600.0,
        description="How long, until one is let through. It doubles each time that this one does not help, up to 24h.",
    )


class Remediation(Section):
    """Retries and resyncs that the exporter asks the platform for: only where they can help, once, on the record."""

    mode: Annotated[Mode, values.one_of(Mode)] = Field(
        default=Mode.DRY_RUN,
        description="off: nothing is done. dry_run: what would be done is recorded and told, nothing is sent. approve: "
        "what a person asks for or approves. auto: also what alerts ask for, within all that follows.",
    )
    include: tuple[Annotated[Expression, expressions.REGULAR_EXPRESSION], ...] = Field(
        default=(),
        description="Automatic actions are for ids that match one of these as a whole. Mode auto needs at least one; "
        "empty: nobody.",
    )
    exclude: tuple[Annotated[Expression, expressions.REGULAR_EXPRESSION], ...] = Field(
        default=(), description="Never automatically for ids that match one of these as a whole, even if included."
    )
    record_id_fields: tuple[Annotated[str, FIELD_NAME], ...] = Field(
        default=("record_id", "record_ids"),
        description="Fields of an entry of the platform's `errors` that may hold the id of a record, or a list of "
        "them. Without an id there is no retry: an empty list never means all.",
    )
    fallback: Annotated[Fallback, values.one_of(Fallback)] | None = Field(
        default=None,
        description="What is done automatically where a retry could help and the platform gives no record ids: resync "
        "syncs that one type again, from a minute before the first failing error on. It costs more of the customer's "
        "daily limit at Xero than a retry. null: nothing, no_record_ids holds the action.",
    )
    catch_up: Annotated[bool, values.TRUTH] = Field(
        default=False,
        description="Whether a connection that broke and is well again gets one automatic resync, since it broke.",
    )
    lookback: Annotated[float, values.duration("1m", "30d")] = Field(
        default=7 * 86_400.0, description="How far back an automatic resync reaches at most."
    )
    cooldown: Annotated[float, values.duration("1m", "7d")] = Field(
        default=1800.0, description="Time between two attempts for one organisation."
    )
    attempts: Annotated[int, values.whole(1, 20)] = Field(
        default=3,
        description="Calls for one issue of an organisation, until a person has to look. An episode ends when the "
        "issue was absent for 24h.",
    )
    per_organization_day: Annotated[int, values.whole(1, 100)] = Field(
        default=5, description="Calls for one organisation in 24h."
    )
    per_hour: Annotated[int, values.whole(1, 3600)] = Field(default=20, description="Calls for all in 1h.")
    per_day: Annotated[int, values.whole(1, 86_400)] = Field(default=100, description="Calls for all in 24h.")
    pace: Annotated[float, values.duration("100ms", "1h")] = Field(
        default=2.0, description="Time between two calls. Never are two under way at once."
    )
    verify_within: Annotated[float, values.duration("1m", "1d")] = Field(
        default=900.0,
        description="How long a call has to take effect: fewer failures, and a sync after it. Else it did not help.",
    )
    approval_expires: Annotated[float, values.duration("1m", "7d")] = Field(
        default=4 * 3600.0, description="How long an action waits for a person to approve it."
    )
    expires: Annotated[float, values.duration("1m", "7d")] = Field(
        default=86_400.0, description="How long an action may wait for its turn, whatever holds it."
    )
    quiet_hours: tuple[Annotated[str, QUIET], ...] = Field(
        default=(), description="Hours of the day, in UTC, in which nothing is done automatically: `22:00-06:00`."
    )
    storm: Storm = Field(default=Storm(), description="When so much is wrong that it is an incident.")
    blind: Blind = Field(default=Blind(), description="When too little is known to judge anybody.")
    breaker: Breaker = Field(default=Breaker(), description="When actions evidently do not help.")

    @property
    def limits(self) -> Limits:
        """These, in the program's own words."""
        return Limits(
            mode=self.mode,
            include=self.include,
            exclude=self.exclude,
            fallback_resync=self.fallback is Fallback.RESYNC,
            catch_up_resync=self.catch_up,
            lookback=self.lookback,
            cooldown=self.cooldown,
            attempts=self.attempts,
            per_organization_day=self.per_organization_day,
            per_hour=self.per_hour,
            per_day=self.per_day,
            pace=self.pace,
            verify_within=self.verify_within,
            approval_expires=self.approval_expires,
            expires=self.expires,
            storm_share=self.storm.share,
            storm_least=self.storm.least,
            storm_calm=self.storm.calm,
            blind_share=self.blind.share,
            blind_least=self.blind.least,
            breaker_after=self.breaker.after,
            breaker_pause=self.breaker.pause,
            quiet_hours=tuple(map(_seconds_of_day, self.quiet_hours)),
        )


class Ledger(Section):
    """The durable record of what asked for an action, what was done, and what came of it."""

    url: Annotated[str, Spelling("URL of a SQLite file", _ledger_url), AfterValidator(_beside_the_config)] = Field(
        default="sqlite:///xero-exporter.db",
        validate_default=True,
        description="Where it is: `sqlite:///` and a path, relative to the folder of this file, on a local disk. It "
        "changes only with a restart. While it cannot be used, nothing is done and polling goes on.",
    )
    keep: Annotated[float, values.duration("7d", "10y")] = Field(
        default=90 * 86_400.0, description="How long what has ended is kept."
    )


def _seconds_of_day(window: str) -> tuple[float, float]:
    match = _WINDOW.fullmatch(window)
    assert match is not None  # the schema lets nothing else pass
    hour, minute, end_hour, end_minute = map(int, match.groups())
    return hour * 3600.0 + minute * 60.0, end_hour * 3600.0 + end_minute * 60.0
