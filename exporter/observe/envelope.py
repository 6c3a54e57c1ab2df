"""What a text says once its envelope is off: JSON, XML, HTML, or text with one of them inside. Pure.

Xero answers in JSON, XML or plain text, and programs on the way wrap that in prefixes, quotes and escapes, and cut it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

_SPOKEN: Final = (
    "status", "statuscode", "status_code", "httpstatuscode", "code", "errornumber", "title", "type", "name", "error",
    "error_code", "errorcode", "error_description", "errordescription", "message", "errormessage", "error_message",
    "msg", "detail", "details", "description", "reason", "cause", "exception", "problem", "x-rate-limit-problem",
)  # fmt: skip
"""Keys, in lower case, whose values say what is wrong; in the order in which they are read out."""

_TELLING: Final = frozenset(_SPOKEN) - {
    "status", "statuscode", "status_code", "httpstatuscode", "code", "type", "name", "title", "details", "description",
}  # fmt: skip
"""Those of which one is enough for an object to be about an error: documents have a status, a type and a name too."""

_DEEPEST: Final = 12
"""Levels of an envelope that are looked at. Xero's has 5."""

_MOST: Final = 60
"""Parts of a text that are looked at."""

_BRACKETS: Final = 400
"""A text with more of them is no envelope: it is taken as it is. An answer of Xero's has 1 in 20 characters."""

_ENTITIES: Final = (
    ("&quot;", '"'), ("&#34;", '"'), ("&#x22;", '"'), ("&apos;", "'"), ("&#39;", "'"), ("&#x27;", "'"),
    ("&rsquo;", "'"), ("&lsquo;", "'"), ("&#8217;", "'"), ("&#x2019;", "'"), ("&lt;", "<"), ("&gt;", ">"),
    ("&nbsp;", " "), ("&amp;", "&"),
)  # fmt: skip

_TAG: Final = re.compile(r"<[^<>]*>")
_SPOKEN_ELEMENT: Final = re.compile(
    r"<(?:\w+:)?(?:message|detail|title|error|description|oauth_problem|oauth_problem_advice)>([^<]*)<", re.IGNORECASE
)
_SPOKEN_PAIR: Final = re.compile(
    r"""["'](?P<key>message|detail|title|error|error_description|status|statuscode|errormessage)["']?\s*[:=]\s*"""
    r"""(?:(?P<quote>["'])(?P<text>.*?)(?:(?P=quote)\s*[,}\]\n]|$)|(?P<number>\d{3}))""",
    re.IGNORECASE | re.DOTALL,
)
_DECODER: Final = json.JSONDecoder(strict=False)


def parts_of(text: str) -> Sequence[str]:
    """The parts of `text` that say what is wrong, each on its own; the whole of it where there is no envelope."""
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    if "%20" in text:
        text = text.replace("%20", " ").replace("%27", "'").replace("%22", '"')
    if "<" in text and ">" in text and text.count("<") <= _BRACKETS:
        return _of_markup(text)
    if ("{" in text or '["' in text) and text.count("{") + text.count("[") <= _BRACKETS:
        parts = _of_json(text, 0)
        if not parts and '\\"' in text:
            parts = _of_json(text.replace("\\\\", "\\").replace('\\"', '"'), 0)
        return parts or _of_pairs(text) or (text,)
    return (text,)


def _of_markup(text: str) -> Sequence[str]:
    spoken = [part for part in _SPOKEN_ELEMENT.findall(text) if part.strip()]
    return spoken[:_MOST] or (_TAG.sub(" ", text),)


def _of_json(text: str, depth: int) -> Sequence[str]:
    """What the first JSON value in `text` says, with the words before and after it; nothing if there is none."""
    begin = min((at for at in (text.find("{"), text.find('["')) if at >= 0), default=-1)
    if begin < 0:
        return ()
    if text[begin - 1 : begin] == "[":
        begin -= 1
    try:
        value, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return ()
    parts = list(islice(_spoken(value, depth), _MOST))
    if not parts:
        return ()
    before, after = text[:begin], text[end:]
    head = f"{before} {parts[0]}" if before.strip() else parts[0]
    return [head, *parts[1:], *([after] if after.strip() else [])]


def _spoken(value: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            if isinstance(one, str):
                yield one
            else:
                yield from _spoken(one, depth + 1)
    elif isinstance(value, dict):
        yield from _of_object({str(key).lower(): one for key, one in value.items()}, depth)


def _of_object(items: dict[str, object], depth: int) -> Iterator[str]:
    said = {key: str(items[key]) for key in _SPOKEN if isinstance(items.get(key), str | int)}
    if not _TELLING.isdisjoint(said) or depth == 0:
        nested = {
            key: inner
            for key, one in said.items()
            if one.lstrip()[:1] in {"{", "["}
            for inner in [_of_json(one, depth + 1)]
            if inner
        }
        plain = " ".join(one for key, one in said.items() if key not in nested and one)
        if plain:
            yield plain
        for inner in nested.values():
            yield from inner
    for one in items.values():
        if isinstance(one, dict | list):
            yield from _spoken(one, depth + 1)


def _of_pairs(text: str) -> Sequence[str]:
    """What a broken or foreign notation says: JSON that was cut, the repr of another language."""
    lowered = text.lower()
    if not any(key in lowered for key in ("message", "detail", "error", "title")):
        return ()
    head = [text[: lowered.find("{")]]
    messages: list[str] = []
    for pair in islice(_SPOKEN_PAIR.finditer(text), _MOST):
        said = pair["text"] or pair["number"]
        (messages if pair["key"].lower() == "message" else head).append(said or "")
    parts = [" ".join(head), *messages] if len(head) > 1 or messages else []
    return [part for part in parts if part.strip()]
