"""The configuration as frozen types: every key, its default and its bounds.

This is the one list of keys: the loader, the environment's variables and docs/config.md all come from it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Final, cast

from pydantic import Field, ValidationInfo, field_validator

from exporter.config import addresses, expressions, values
from exporter.config.addresses import Listen
from exporter.config.credential import Credential
from exporter.config.diagnosis import Diagnosis, Links
from exporter.config.expressions import Expression
from exporter.config.platform import Platform
from exporter.config.remediation import Ledger, Remediation
from exporter.config.section import FilePath, Section
from exporter.config.telemetry import Telemetry
from exporter.config.values import SpellingError
from exporter.config.xero import Xero
from exporter.model.facts import Organization
from exporter.model.judgement import Thresholds
from exporter.model.words import ORGANIZATION_ID, ORGANIZATION_ID_RULE, Role

_TENANT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_TOKEN_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_STALE_INTERVALS: Final = 3
"""Readings that may fail before data is too old: fewer, and one slow answer would withdraw it."""


class OrganizationEntry(Section):
    """One organisation as somebody lists it."""

    id: Annotated[str, values.matching(ORGANIZATION_ID, ORGANIZATION_ID_RULE)] = Field(
        description="The platform's own id, the only per-organisation label of the metrics.",
    )
    name: Annotated[str, values.limited(200)] | None = Field(
        default=None,
        description="What people call it. It is shown only with `expose.organization_names`.",
    )
    xero_tenant_id: Annotated[str, values.matching(_TENANT_ID, "1 to 64 letters, digits and -")] | None = Field(
        default=None,
        description="Xero's id of the connected tenant.",
    )

    @property
    def organization(self) -> Organization:
        """The organisation, in the program's own words."""
        return Organization(self.id, self.name, self.xero_tenant_id)


class Discovery(Credential):
    """A server that lists organisations, in the shape of Prometheus' HTTP service discovery."""

    TOKEN_NEEDED: ClassVar[bool] = False

    url: Annotated[str, addresses.WHOLE_URL] = Field(
        description="Where the list is asked for (GET). It stands as it is, query included; a user is refused. When it "
        "is changed while running, those who are listed stay until the new server answers, and its answers are judged "
        "as those of the old one: by `missing_grace`, and held when they drop too many.",
    )
    refresh: Annotated[float, values.duration("1s", "1d")] = Field(
        default=300.0,
        description="Time between two answers. Until there was a first one it is asked more often.",
    )
    missing_grace: Annotated[int, values.whole(1, 100)] = Field(
        default=3,
        description="Answers in a row that must miss an organisation before it is dropped.",
    )


class Organizations(Section):
    """Which organisations are ours."""

    static: tuple[OrganizationEntry, ...] = Field(
        default=(),
        description="Organisations listed here. Where another source lists the same id, the attributes given here win.",
    )
    file: FilePath | None = Field(
        default=None,
        description="File with a list of the same shape (YAML or JSON). A change is taken over while running; a list "
        "with a fault never replaces a good one.",
    )
    http: Discovery | None = Field(
        default=None,
        validate_default=True,
        description="A server that lists organisations in the shape of Prometheus' HTTP service discovery: each target "
        "is an id, the labels `name` or `__meta_name` and `xero_tenant_id` or `__meta_xero_tenant_id` are its "
        "attributes; a static or file entry with the same id wins.",
    )
    include: tuple[Annotated[Expression, expressions.REGULAR_EXPRESSION], ...] = Field(
        default=(),
        description="Only ids that match one of these as a whole are asked about. Empty: all. The expressions are "
        "those of [RE2](https://github.com/google/re2/wiki/Syntax): without look-around and backreferences, and braces "
        "only around a number of repetitions.",
    )
    exclude: tuple[Annotated[Expression, expressions.REGULAR_EXPRESSION], ...] = Field(
        default=(),
        description="Ids that match one of these as a whole are left out, even if included. Expressions as in include.",
    )

    @field_validator("http")
    @classmethod
    def _at_least_one_source(cls, http: Discovery | None, info: ValidationInfo) -> Discovery | None:
        # What is missing in info.data was given, and is a fault of its own.
        others = (info.data.get("static", True), info.data.get("file", True))
        if http is None and not any(others):
            raise SpellingError("no organisations are configured; list them in static, or name a file or an http url")
        return http

    @property
    def listed(self) -> tuple[Organization, ...]:
        """The organisations of `static`, in the program's own words and in their order."""
        return tuple(entry.organization for entry in self.static)


class Poll(Section):
    """How often every organisation is asked about."""

    interval: Annotated[float, values.duration("1s", "1h")] = Field(
        default=60.0,
        description="Time between two readings of an organisation. The fleet is spread evenly over it.",
    )
    stale_after: Annotated[float, values.duration(most="7d")] | None = Field(
        default=None,
        description="Age at which data is withdrawn, at least 3 x `poll.interval`. null: 5m, or 3 x `poll.interval` if "
        "that is longer.",
    )

    @field_validator("stale_after")
    @classmethod
    def _not_too_short(cls, stale_after: float | None, info: ValidationInfo) -> float | None:
        if stale_after is not None and stale_after < _STALE_INTERVALS * info.data.get("interval", 0.0):
            raise SpellingError("must be at least 3 x poll.interval, or one slow answer would withdraw data")
        return stale_after

    @property
    def stale_after_seconds(self) -> float:
        """Seconds after which data is withdrawn, the default worked out."""
        return max(300.0, _STALE_INTERVALS * self.interval) if self.stale_after is None else self.stale_after


class Tls(Section):
    """What we prove with who we are: both files, or none."""

    cert_file: FilePath | None = Field(
        default=None,
        description="File with our certificate and, after it, those of the authorities in between (PEM). With it, "
        "https is served, and nothing else. It is read again when it changes, for new connections.",
    )
    key_file: FilePath | None = Field(
        default=None,
        validate_default=True,
        description="File with the key of the certificate (PEM, without a passphrase). It is read again when it "
        "changes. A pair that does not match never replaces a good one.",
    )

    @field_validator("key_file")
    @classmethod
    def _both_or_none(cls, key_file: Path | None, info: ValidationInfo) -> Path | None:
        if "cert_file" in info.data and (key_file is None) != (info.data["cert_file"] is None):
            raise SpellingError("must stand together with cert_file: both, or none")
        return key_file


class WebToken(Credential):
    """A token that callers of this exporter present."""

    name: Annotated[str, values.matching(_TOKEN_NAME, "1 to 64 letters, digits and . _ - of ASCII")] = Field(
        description="Who holds it: the user name in Basic authentication. Each name only once.",
    )
    role: Annotated[Role, values.one_of(Role)] = Field(
        description="What it opens: viewer reads, alerts delivers alerts and nothing else, operator reads and changes.",
    )


class Web(Section):
    """How we are asked."""

    listen: Annotated[Listen, addresses.LISTEN] = Field(
        default=Listen("127.0.0.1", 9869),
        description="Address to listen on, IPv6 in brackets. Port 0 takes any free one.",
    )
    tls: Tls = Field(
        default=Tls(),
        description="The certificate for https. Without one, http is served. A change while running counts for new "
        "connections; from http to https, or back, kept connections end with the answer that is under way.",
    )
    tokens: tuple[WebToken, ...] = Field(
        default=(),
        description="Tokens of callers. Reading is open to everybody until one with role viewer or operator is listed.",
    )
    open_reading: Annotated[bool, values.TRUTH] = Field(
        default=False,
        description="Reading stays open although such a token is listed: where Prometheus scrapes without one, and "
        "operators have theirs. What needs the role operator still does.",
    )


class LogLevel(StrEnum):
    """The least important messages that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How messages are written."""

    AUTO = "auto"
    """Console on a terminal, else JSON."""
    CONSOLE = "console"
    JSON = "json"


class Log(Section):
    """What is written to stderr while running."""

    level: Annotated[LogLevel, values.one_of(LogLevel)] = Field(
        default=LogLevel.INFO,
        description="The least important messages that are written.",
    )
    format: Annotated[LogFormat, values.one_of(LogFormat)] = Field(
        default=LogFormat.AUTO,
        description="How messages are written. auto: console on a terminal, else one JSON object a line.",
    )


class Expose(Section):
    """What metrics may show."""

    organization_names: Annotated[bool, values.TRUTH] = Field(
        default=False,
        description=(
            "Whether `xero_organization_info` and the API show an organisation's name (and the API's `search` looks "
            "at it), which can be personal data."
        ),
    )


class Config(Section):
    """The whole configuration. Repeated ids and names are found by the loader, which can tell where they stand."""

    platform: Platform = Field(description="The platform that keeps the Xero connections, MemberPulse.")
    links: Links = Field(default=Links(), description="Pages of the platform that people are led to, as templates.")
    organizations: Organizations = Field(description="Which organisations are watched. At least one source is needed.")
    poll: Poll = Field(default=Poll(), description="How often each organisation is asked about.")
    diagnosis: Diagnosis = Field(default=Diagnosis(), description="When something counts as wrong.")
    xero: Xero = Field(default=Xero(), description="Xero itself, asked beside the platform.")
    remediation: Remediation = Field(
        default=Remediation(),
        description="Retries and resyncs that the exporter asks the platform for: [remediation.md](remediation.md).",
    )
    # The default is what would be written, validated like that: its path is relative, to what only the loader knows.
    ledger: Ledger = Field(
        default=cast("Ledger", {}),
        validate_default=True,
        description="The durable record of what was asked, done and achieved.",
    )
    web: Web = Field(default=Web(), description="The exporter's own HTTP side.")
    telemetry: Telemetry = Field(
        default=Telemetry(), description="Traces: what each reading took, sent as OTLP over HTTP."
    )
    log: Log = Field(default=Log(), description="Messages on stderr.")
    expose: Expose = Field(default=Expose(), description="What metrics may show.")

    @property
    def thresholds(self) -> Thresholds:
        """Where judgement draws its lines, defaults worked out."""
        return self.diagnosis.thresholds(self.poll.stale_after_seconds)
