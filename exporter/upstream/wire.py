"""The platform's answer, read tolerantly: unknown fields and words are fine, wrong types are named.

The shape is that of "Sync Status" in MemberPulse's Xero troubleshooting page. null and missing both mean that the
platform did not say. Reading the sample of that page takes 8 us: 2 in `json`, 3 in its three timestamps (Python 3.11).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Final, NoReturn, TypeAlias

from exporter.model.facts import Status, SyncError
from exporter.model.words import MAX_RECORD_IDS, NO_FURTHER_WORDS, RECORD_ID, SyncStatus, sync_status_of
from exporter.upstream.dates import timestamp

MAX_ERRORS: Final = 100
"""Entries of ``errors`` that are kept."""

MAX_EXAMINED: Final = 1_000
"""Entries of ``errors`` that are looked at, half of them at each end; more are counted as left out.

350,000 in one MiB would take 0.4 s. Whether the newest stand first or last is not written anywhere.
"""

MAX_TEXT: Final = 4096
"""Characters of a text that are kept: its beginning, which says what it is, and its end.

Xero's refusal of an invoice repeats the whole invoice, 8,000 characters with 60 lines, and says why behind it.
"""

_EACH_END: Final = MAX_EXAMINED // 2
_END_KEPT: Final = 1_500
_GAP: Final = " … "

FIELDS: Final = frozenset(
    {"connected", "token_expires_at", "last_sync", "sync_status", "pending_syncs", "failed_syncs", "errors"}
)
"""What is read of an answer."""

ERROR_FIELDS: Final = frozenset({"type", "message", "timestamp"})
"""What is read of an entry of ``errors``, and a correlation id under one of `CORRELATION_FIELDS`."""

CORRELATION_FIELDS: Final = ("xero_correlation_id", "correlation_id")
"""Where a platform may give the ``Xero-Correlation-Id`` of the answer that failed. The page shows none."""

RECORD_ID_FIELDS: Final = ("record_id", "record_ids")
"""Where a platform may give the ids of the records that failed, one or a list, where nothing else is configured. The
page shows none, and asks for them in a retry."""

_MAX_COUNT: Final = 2**63  # what a 64-bit integer of theirs can hold; a gauge is a float and could not tell more apart
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_Object: TypeAlias = "dict[str, object]"


class WireError(Exception):
    """An answer that is not what was agreed. Neither attribute ever holds anything of the answer.

    Attributes:
        field: the field that is wrong; empty for the answer as a whole.
        what: what is wrong with it, such as ``not a whole number``.
    """

    def __init__(self, field: str, what: str) -> None:
        self.field = field
        self.what = what
        super().__init__(f"{field}: {what}" if field else what)


class _Repeating(dict[str, object]):
    """An object in which a field stood more than once, and which ones did. The last one is held, as everywhere."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated = frozenset(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)


def parse_status(
    body: bytes,
    record_id_fields: Sequence[str] = RECORD_ID_FIELDS,
    sync_status_words: Mapping[str, SyncStatus] = NO_FURTHER_WORDS,
) -> Status:
    """The status in the body of an answer.

    Args:
        body: JSON in UTF-8 without a byte order mark; at most `transport.MAX_BODY` bytes, and that bounds the work.
        record_id_fields: fields of an entry of ``errors`` that may hold ids of records.
        sync_status_words: what words of this platform mean, in small letters, beside those that are known.

    Raises:
        WireError: not such JSON, not an object, a known field twice or of the wrong type. A count must be written as
            an integer from 0 on: 2.0 is refused like 2.5, because whoever sends it counts in floats and would send the
            other; -1 counts nothing, and would lower the sum of a fleet.
    """
    fields = _object(body)
    errors, dropped, malformed = _errors(fields.get("errors"), record_id_fields)
    word = _text("sync_status", fields.get("sync_status"))
    return Status(
        connected=_truth("connected", fields.get("connected")),
        token_expires_at=_time("token_expires_at", fields.get("token_expires_at")),
        last_sync=_time("last_sync", fields.get("last_sync")),
        sync_status=None if word is None else sync_status_of(word, sync_status_words),
        pending_syncs=_count("pending_syncs", fields.get("pending_syncs")),
        failed_syncs=_count("failed_syncs", fields.get("failed_syncs")),
        errors=errors,
        errors_dropped=dropped,
        errors_malformed=malformed,
        errors_said=fields.get("errors") is not None,
    )


def decoded(body: bytes) -> object:
    """The JSON document in a body, which is UTF-8 without a byte order mark; `repeated` knows its objects.

    Raises:
        WireError: it is none.
    """
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise WireError("", "not UTF-8") from None
    except RecursionError:
        raise WireError("", "nested too deeply") from None
    except ValueError:  # JSONDecodeError, an infinity, a number of more than 4,300 digits
        raise WireError("", "not JSON") from None


def _object(body: bytes) -> _Object:
    document = decoded(body)
    if not isinstance(document, dict):
        raise WireError("", "not a JSON object")
    if not FIELDS & document.keys():
        raise WireError("the answer", "has none of the fields of a status")
    for name in repeated(document, FIELDS):
        raise WireError(name, "given more than once")
    return document


def repeated(fields: _Object, known: frozenset[str]) -> list[str]:
    """Which of these fields stood more than once in an object of `decoded`."""
    return sorted(fields.repeated & known) if isinstance(fields, _Repeating) else []


def _as_object(pairs: list[tuple[str, object]]) -> _Object:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else _Repeating(pairs)


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")  # RFC 8259, 6; Python would take them


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_as_object, parse_constant=_refuse_constant)


def _truth(field: str, value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise WireError(field, "neither true nor false")


def _text(field: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise WireError(field, "not a text")
    if value.isascii():
        return value
    return _SURROGATE.sub(_REPLACEMENT, value)  # half an emoji, cut off by whoever wrote it: the rest says enough


def _count(field: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireError(field, "not a whole number")
    if value < 0:
        raise WireError(field, "less than 0")
    if value >= _MAX_COUNT:
        raise WireError(field, "beyond 64 bits")
    return value


def _time(field: str, value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise WireError(field, "not a timestamp")
    try:
        return timestamp(value)
    except ValueError as error:
        raise WireError(field, f"not a timestamp: {error}") from None


def _errors(value: object, record_id_fields: Sequence[str]) -> tuple[tuple[SyncError, ...], int, int]:
    """The entries that can be read, how many are left out, and how many of those for being malformed.

    Beyond `MAX_ERRORS` the newest stay, in their order.

    Those without a time go first.
    """
    if value is None:
        return (), 0, 0
    if not isinstance(value, list):
        raise WireError("errors", "not a list")
    ends = value if len(value) <= MAX_EXAMINED else [*value[:_EACH_END], *value[-_EACH_END:]]
    entries = [entry for one in ends if (entry := _entry(one, record_id_fields)) is not None]
    malformed = len(ends) - len(entries)
    if len(entries) > MAX_ERRORS:
        entries = _newest(entries)
    return tuple(entries), len(value) - len(entries), malformed


def _newest(entries: list[SyncError]) -> list[SyncError]:
    def age(place: int) -> float:
        at = entries[place].at
        return float("-inf") if at is None else at

    places = nlargest(MAX_ERRORS, range(len(entries)), key=age)
    return [entries[place] for place in sorted(places)]


def _entry(value: object, record_id_fields: Sequence[str]) -> SyncError | None:
    """One entry of ``errors``; None when it is malformed, which must not spoil the rest of the status."""
    if not isinstance(value, dict) or repeated(value, ERROR_FIELDS):
        return None
    try:
        kind = _text("type", value.get("type"))
        message = _text("message", value.get("message"))
        at = _time("timestamp", value.get("timestamp"))
    except WireError:
        return None
    if kind is None and message is None:
        return None
    return SyncError(
        at=at,
        kind=_cut(kind),
        message=_cut(message),
        correlation_id=_correlation_id(value),
        record_ids=_record_ids(value, record_id_fields),
        length=None if message is None else len(message),
    )


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= MAX_TEXT:
        return text
    return text[: MAX_TEXT - _END_KEPT - len(_GAP)] + _GAP + text[-_END_KEPT:]


def _correlation_id(entry: _Object) -> str | None:
    """The first of `CORRELATION_FIELDS` that is shaped like one; anything else there spoils no entry."""
    for name in CORRELATION_FIELDS:
        value = entry.get(name)
        if isinstance(value, str) and _UUID.fullmatch(value):
            return value.lower()
    return None


def _record_ids(entry: _Object, fields: Sequence[str]) -> tuple[str, ...]:
    """Every id in these fields that is shaped like one, each once; an e-mail address is none.

    What else is there spoils no entry: then there is no id, and so no retry.
    """
    found: dict[str, None] = {}
    for name in fields:
        value = entry.get(name)
        if value is None:
            continue
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str) and RECORD_ID.fullmatch(one):
                found[one] = None
    return tuple(found)[:MAX_RECORD_IDS]
