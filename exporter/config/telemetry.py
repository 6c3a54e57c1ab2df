"""The key of `telemetry`, and what OpenTelemetry's own variables say beside it: whether traces are sent, and how."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field

from exporter.config import addresses
from exporter.config.section import Section

RATIO: Final = 1.0
"""Of the readings without a failure, that are told when nobody says how many: all, as OpenTelemetry has it."""

QUEUE: Final = 2048
"""Spans that wait for the receiver, when nobody says how many: OpenTelemetry's own number, about 5 MB."""

DELAY: Final = 5.0
"""Seconds that a span waits for others at most, when nobody says how long: OpenTelemetry's own number."""

PATH: Final = "/v1/traces"
"""Where a receiver takes traces, below its address (OTLP 1, "OTLP/HTTP Request")."""

_WHOLE: Final = re.compile(r"[1-9][0-9]{0,5}")
_RATIOS: Final[Mapping[str, float | None]] = {
    "": None,
    "always_on": 1.0,
    "always_off": 0.0,
    "traceidratio": None,
    "parentbased_always_on": 1.0,
    "parentbased_always_off": 0.0,
    "parentbased_traceidratio": None,
}


class Telemetry(Section):
    """What the exporter tells of its own work, beside its metrics."""

    otlp_endpoint: Annotated[str, addresses.URL] | None = Field(
        default=None,
        description="Where a receiver of OTLP over HTTP is, such as `http://127.0.0.1:4318`; traces are sent to "
        "`/v1/traces` there. It beats OpenTelemetry's `OTEL_EXPORTER_OTLP_ENDPOINT` and "
        "`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, which turn traces on as well. null, and neither of them: no traces. "
        "Changes with a restart.",
    )


@dataclass(frozen=True, slots=True)
class Traces:
    """How traces are sent.

    Attributes:
        endpoint: the whole address that they are sent to. It may hold a password: it is shown nowhere.
        ratio: of the readings without a failure, that are told, from 0 to 1.
        queue: spans that wait for the receiver at most; those beyond are dropped.
        delay: seconds that a span waits for others at most.
    """

    endpoint: str
    ratio: float = RATIO
    queue: int = QUEUE
    delay: float = DELAY

    def __repr__(self) -> str:
        """Without the address."""
        return f"Traces(ratio={self.ratio}, queue={self.queue})"


def traces_of(telemetry: Telemetry, environ: Mapping[str, str]) -> tuple[Traces | None, tuple[str, ...]]:
    """Whether traces are sent and how, and what is wrong with the variables that say so. Pure.

    A variable that cannot be used never keeps the exporter from its work: where the address is in doubt there are no
    traces, in place of any other the default counts.

    Args:
        telemetry: the section of the configuration.
        environ: the environment variables.

    Returns:
        How; None for none. Then sentences for people, each begins with the name of a variable, never with its value.
    """
    given = {name: value.strip() for name, value in environ.items() if name.startswith("OTEL_")}
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None, ()
    endpoint, problem = _endpoint(telemetry, given)
    if endpoint is None:
        return None, problem
    ratio, of_ratio = _ratio(given)
    queue, of_queue = _whole(given, "OTEL_BSP_MAX_QUEUE_SIZE", QUEUE)
    delay, of_delay = _whole(given, "OTEL_BSP_SCHEDULE_DELAY", round(DELAY * 1000))
    return Traces(endpoint, ratio, queue, delay / 1000), (*of_ratio, *of_queue, *of_delay)


def _endpoint(telemetry: Telemetry, given: Mapping[str, str]) -> tuple[str | None, tuple[str, ...]]:
    if telemetry.otlp_endpoint is not None:
        return telemetry.otlp_endpoint + PATH, ()
    whole, base = given.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), given.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not (whole or base) or given.get("OTEL_TRACES_EXPORTER", "otlp") not in ("", "otlp"):
        return None, ()
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := given.get(name):
            if protocol != "http/protobuf":
                return None, (f"{name}: only http/protobuf is spoken here; no traces are sent",)
            break
    name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if whole else "OTEL_EXPORTER_OTLP_ENDPOINT"
    endpoint = whole or f"{(base or '').rstrip('/')}{PATH}"
    if not _is_address(endpoint):
        return None, (f"{name}: must be a URL such as http://127.0.0.1:4318; no traces are sent",)
    return endpoint, ()


def _is_address(written: str) -> bool:
    """Whether something can be sent there; a user and a password may stand in it, as OpenTelemetry allows."""
    try:
        address = urlsplit(written)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is no number, brackets around what is no address
        return False


def _ratio(given: Mapping[str, str]) -> tuple[float, tuple[str, ...]]:
    sampler, argument = given.get("OTEL_TRACES_SAMPLER", ""), given.get("OTEL_TRACES_SAMPLER_ARG", "")
    if sampler not in _RATIOS:
        known = ", ".join(name for name in _RATIOS if name)
        return RATIO, (f"OTEL_TRACES_SAMPLER: must be one of {known}; all readings are told",)
    fixed = _RATIOS[sampler]
    if fixed is not None:
        return fixed, ()
    if not argument:
        return RATIO, ()
    try:
        ratio = float(argument)
    except ValueError:
        ratio = math.nan
    if not 0.0 <= ratio <= 1.0:
        return RATIO, ("OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1; all readings are told",)
    return ratio, ()


def _whole(given: Mapping[str, str], name: str, default: int) -> tuple[int, tuple[str, ...]]:
    written = given.get(name, "")
    if not written:
        return default, ()
    if not _WHOLE.fullmatch(written):
        return default, (f"{name}: must be a whole number from 1 to 999999; {default} counts",)
    return int(written), ()
