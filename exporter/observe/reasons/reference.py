"""docs/reasons.md, written from the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from exporter.model.words import WORDLESS
from exporter.observe.reasons import RANKING, REASONS, Link, Row, Step
from exporter.observe.reasons.vocabulary import CHOICES

_EXAMPLES: Final = 6
"""Patterns that stand for the others of a row."""

_CHOICE: Final = re.compile(r"\(([^|)]*)[^)]*\)")
_NAMED: Final = re.compile(r"<(\w+)>")
_SPACES: Final = re.compile(r"\s+")

_PAGES: Final = {
    Link.INTEGRATION_SETTINGS: "integration settings",
    Link.CLIENT_PORTAL: "Client Portal",
    Link.XERO_STATUS: "Xero's status page",
}

_HEAD: Final = """\
# Reasons

This page is written by `xero-exporter docs reasons` from the tables that the program itself uses.

A reason says why one sync error happened. It is told from the error's `type` and `message`, as the platform passes them
on, by rules alone: nothing is sent anywhere, and nothing is learned from the texts.

## How a text is read

- The first 4,096 characters count. Case, quotes, stops, line breaks, British or American spelling make no difference.
- Envelopes come off first: JSON (also cut, escaped, or inside a text), XML, HTML, prefixes of SDKs. What says what is
  wrong in them is read, documents that they carry are not.
- Of rules that overlap the one with more words of its own speaks: a sentence beats a phrase within it.
- Of several reasons in one text the first in the list below under *Ranking* is told.
- Phrases that other systems use too (an expired token, a rate limit, a refused connection) count only in a short text
  that names no other system.
- A text that no rule knows is `unknown`. Nothing is guessed. A blank text leaves it to the type; where that says
  nothing either, the reason is `unspecified`.

## What is shown of a text

Only words of these tables. Every variable part becomes `[redacted:KIND]`, everything else `[redacted:text]`; a text
that no rule knows is withheld whole.
"""


def reasons_reference() -> str:
    """The Markdown page: how texts are read, a table of all reasons, a section for each. Ends with one line break."""
    ranking = ", ".join(f"`{reason}`" for reason in RANKING)
    parts = [
        _HEAD,
        f"## Ranking\n\n{ranking}\n",
        "\n".join(_overview()),
        *("\n".join(_section(row)) for row in REASONS.values()),
    ]
    return "\n".join(parts)


def _overview() -> Iterator[str]:
    yield "## Overview"
    yield ""
    yield "| reason | cause | who can end it | retry helps | sync types |"
    yield "| --- | --- | --- | --- | --- |"
    for row in REASONS.values():
        helps = "not known" if row.reason in WORDLESS else "yes" if row.retry_helps else "no"
        yield f"| [`{row.reason}`](#{row.reason}) | {row.cause} | {row.owner} | {helps} | {_sync_types(row)} |"
    yield ""


def _section(row: Row) -> Iterator[str]:
    yield f"## {row.reason}"
    yield ""
    yield row.cause
    yield ""
    yield f"- Who can end it: {row.owner}."
    if row.reason in WORDLESS:
        yield "- Whether the same request, sent again unchanged, may succeed, nobody can say: no rule sends it."
    else:
        yield f"- The same request, sent again unchanged, {'may succeed' if row.retry_helps else 'cannot succeed'}."
    yield f"- Sync types: {_sync_types(row)}."
    yield ""
    yield from (f"{number}. {_step(step)}" for number, step in enumerate(row.steps, 1))
    yield ""
    examples = list(_examples(row))
    if examples:
        yield "Recognised by texts such as:"
        yield ""
        yield from (f"- `{example}`" for example in examples)
        yield ""


def _sync_types(row: Row) -> str:
    return ", ".join(row.sync_types)


def _step(step: Step) -> str:
    return step.text if step.link is None else f"{step.text} ({_PAGES[step.link]})"


def _examples(row: Row) -> Iterator[str]:
    sources: Sequence[str] = tuple(dict.fromkeys(chain(row.patterns[:_EXAMPLES], row.loose, row.bare)))
    yield from map(_readable, sources[:_EXAMPLES])


def _readable(source: str) -> str:
    """A pattern as one text that it matches: of each choice the first."""
    named = _NAMED.sub(lambda match: next(iter(CHOICES[match[1]])), source)
    return _SPACES.sub(" ", _CHOICE.sub(r"\1", named)).replace("...", "…").strip()
