"""Tokens: fixed, or in a file that somebody replaces while we run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from exporter.config.credential import Credential
from exporter.config.files import FileProblemError, FileSignature, read_file, signature
from exporter.config.values import MAX_TOKEN_SIZE, TOKEN, TOKEN_RULE


class Token:
    """A secret word for an Authorization header, kept up to date with its file by `look`.

    Attributes:
        value: the token; None while its file was never readable. A bad edit never replaces a good value.
        number: how many values there have been: 0 before the first, one more with each change.
        problem: what is wrong with the file now, a predicate for people without path or value; None when nothing is.
    """

    def __init__(self, *, value: str | None, path: Path | None) -> None:
        self.value = value
        self.number = 0 if value is None else 1
        self.problem: str | None = None
        self._path = path
        self._before = 0
        self._seen: FileSignature | None = None

    @classmethod
    def fixed(cls, value: str) -> Token:
        """A token that never changes."""
        return cls(value=value, path=None)

    @classmethod
    def from_file(cls, path: Path) -> Token:
        """The token in a file, which is looked at right away: afterwards `value` or `problem` is set."""
        token = cls(value=None, path=path)
        token.look()
        return token

    def look(self) -> bool:
        """Read the file again if it changed, or if there was a problem with it; True when the value changed.

        Costs one stat when nothing changed. Never raises: `problem` says what is wrong, and the last good value stays.
        """
        if self._path is None:
            return False
        # Taken before reading: a file that changes while it is read has another signature at the next look.
        found = signature(self._path)
        if found is not None and found == self._seen and self.problem is None:
            return False
        self._seen = found
        try:
            value = _token_in(self._path)
        except FileProblemError as problem:
            self.problem = str(problem)
            return False
        self.problem = None
        if value == self.value:
            return False
        self.value = value
        self.number = max(self.number, self._before) + 1
        return True

    def follow(self, old: Token) -> None:
        """Takes the place of `old`: its number goes on from there, so that their answers are told apart."""
        self._before = old.number
        if self.value is not None:
            self.number = old.number if self.value == old.value else old.number + 1

    @property
    def mark(self) -> str:
        """Tells this value, and the file as it was read, from any other, after a restart too; 64 bits of its hash."""
        value = "" if self.value is None else self.value
        return f"{hashlib.blake2b(value.encode(), digest_size=8, person=b'token').hexdigest()} {self._seen}"

    def __repr__(self) -> str:
        return f"Token(number={self.number}, problem={self.problem!r})"


def token_of(setting: Credential) -> Token:
    """The token that a section of the configuration names, of the platform or of a caller."""
    if setting.token is not None:
        return Token.fixed(setting.token.get_secret_value())
    assert setting.token_file is not None  # the schema lets exactly one of the two pass
    return Token.from_file(setting.token_file)


def _token_in(path: Path) -> str:
    content = read_file(path, MAX_TOKEN_SIZE).strip()
    if not content:
        raise FileProblemError("is empty")
    if not TOKEN.fullmatch(content):
        raise FileProblemError(f"{TOKEN_RULE}, one token and nothing else")
    return content.decode("ascii")
