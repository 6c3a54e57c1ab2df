"""Regular expressions on ids, of a kind that cannot hold the process up.

Python's own re tries every way to read an id: ``(a+)+b`` takes minutes at 30 characters, and nothing else runs
meanwhile, for it cannot be interrupted. RE2 takes one pass, whatever the expression; what it cannot do that way
(look-around, backreferences) it refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import re2

from exporter.config.values import MAX_TEXT, Spelling, SpellingError, text

_BRACE: Final = re.compile(r"\{(?![0-9]{1,4}(?:,[0-9]{0,4})?\})")


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression that matches whole texts.

    Attributes:
        written: as somebody wrote it.
    """

    written: str
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compiles it.

        Raises:
            SpellingError: it is none, or one that RE2 does not have.
        """
        # RE2 takes {,3} for those four characters, where re counts up to three. No id has a brace in it.
        if _BRACE.search(self.written):
            raise SpellingError("must have braces only around a number of repetitions: {3}, {1,} or {0,3}")
        try:
            compiled = re2.compile(self.written, _options())
        except re2.error:
            raise SpellingError(
                "must be a regular expression of RE2, without look-around and backreferences; this one does not compile"
            ) from None
        object.__setattr__(self, "_compiled", compiled)

    def matches(self, whole: str) -> bool:
        """Whether it matches this text from its first character to its last."""
        return self._compiled.fullmatch(whole) is not None


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # it would print the expression
    options.never_capture = True
    return options


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    written = text(value)
    if len(written) > MAX_TEXT:
        raise SpellingError(f"must be at most {MAX_TEXT} characters long")
    return Expression(written)


REGULAR_EXPRESSION: Final = Spelling("regular expression", _expression)
