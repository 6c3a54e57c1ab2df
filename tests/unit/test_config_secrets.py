"""Tokens that change while we run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.files import signature
from exporter.config.platform import Platform
from exporter.config.schema import Config
from exporter.config.secrets import Token, token_of
from exporter.config.values import MAX_TOKEN_SIZE


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file with a good token."""
    file = tmp_path / "token"
    file.write_text("first\n")
    return file


def replace(file: Path, content: bytes) -> None:
    """Replace a file the way careful writers do."""
    new = file.with_name("new")
    new.write_bytes(content)
    new.replace(file)


def state(token: Token) -> tuple[str | None, int, str | None]:
    """All that a token tells."""
    return token.value, token.number, token.problem


def test_a_token_is_read_without_the_space_around_it(token_file: Path) -> None:
    """Editors end files with a line break."""
    token_file.write_text(" \tfirst\r\n")
    token = Token.from_file(token_file)
    assert state(token) == ("first", 1, None)


def test_a_fixed_token_never_changes() -> None:
    """There is nothing to look at."""
    token = Token.fixed("first")
    assert token.look() is False
    assert state(token) == ("first", 1, None)


def test_a_replaced_file_gives_the_new_token(token_file: Path) -> None:
    """Even with the same size and the same time of change."""
    token = Token.from_file(token_file)
    before = token_file.stat()
    new = token_file.with_name("new")
    new.write_text("other\n")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(token_file)
    assert token.look() is True
    assert (token.value, token.number) == ("other", 2)


def test_a_rewritten_file_gives_the_new_token(token_file: Path) -> None:
    """In place, with another size."""
    token = Token.from_file(token_file)
    token_file.write_text("longer-than-the-first")
    assert token.look() is True
    assert (token.value, token.number) == ("longer-than-the-first", 2)


def test_an_unchanged_file_is_not_read(token_file: Path) -> None:
    """One stat, and the answer is no."""
    token = Token.from_file(token_file)
    assert token.look() is False
    assert token.number == 1


def test_the_same_token_in_a_new_file_is_no_change(token_file: Path) -> None:
    """The number counts values, not files."""
    token = Token.from_file(token_file)
    replace(token_file, b"first")
    assert token.look() is False
    assert token.number == 1


def test_the_swap_of_a_kubernetes_volume_is_seen(tmp_path: Path) -> None:
    """There, token -> ..data/token, and ..data is a link that is replaced."""
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_text(version)
    data = tmp_path / "..data"
    data.symlink_to("v1")
    file = tmp_path / "token"
    file.symlink_to("..data/token")
    token = Token.from_file(file)
    assert token.value == "v1"
    (tmp_path / "..new").symlink_to("v2")
    (tmp_path / "..new").replace(data)
    assert token.look() is True
    assert token.value == "v2"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"two words", "visible ASCII"),
        (b"two\nlines", "visible ASCII"),
        (b"nul\0", "visible ASCII"),
        ("tök".encode(), "visible ASCII"),
        (b"\xff\xfe", "visible ASCII"),
        (b"\xef\xbb\xbfbom", "visible ASCII"),
        (b"a" * (MAX_TOKEN_SIZE + 1), "larger than 16 KiB"),
    ],
)
def test_a_bad_edit_keeps_the_last_good_token(token_file: Path, content: bytes, says: str) -> None:
    """And says what is wrong until it is mended."""
    token = Token.from_file(token_file)
    replace(token_file, content)
    assert token.look() is False
    value, number, problem = state(token)
    assert (value, number) == ("first", 1)
    assert says in (problem or "")
    replace(token_file, b"second")
    assert token.look() is True
    assert state(token) == ("second", 2, None)


def test_a_missing_file_is_a_problem_until_it_appears(token_file: Path) -> None:
    """A secret that is mounted late."""
    token_file.unlink()
    token = Token.from_file(token_file)
    assert state(token) == (None, 0, "does not exist")
    token_file.write_text("late")
    assert token.look() is True
    assert state(token) == ("late", 1, None)


def test_a_removed_file_keeps_the_token_and_its_return_is_no_change(token_file: Path) -> None:
    """The problem goes when the file is back."""
    token = Token.from_file(token_file)
    aside = token_file.rename(token_file.with_name("aside"))
    assert token.look() is False
    assert state(token) == ("first", 1, "does not exist")
    aside.rename(token_file)
    assert token.look() is False
    assert state(token) == ("first", 1, None)


def test_a_directory_and_a_fifo_are_problems(tmp_path: Path) -> None:
    """Neither stops us, the FIFO does not make us wait."""
    assert "directory" in (Token.from_file(tmp_path).problem or "")
    os.mkfifo(tmp_path / "fifo")
    assert "regular" in (Token.from_file(tmp_path / "fifo").problem or "")


def test_a_permission_that_is_given_later_is_noticed(folder_of_somebody: Path) -> None:
    """Changing the mode changes nothing else of the file."""
    token_file = folder_of_somebody / "token"
    token_file.write_text("word")
    token_file.chmod(0)
    token = Token.from_file(token_file)
    assert "permission" in (token.problem or "")
    token_file.chmod(0o600)
    assert token.look() is True


@given(content=st.binary(max_size=40))
def test_any_bytes_give_a_token_or_a_problem(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Never an exception, and never a token that could break a header."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_bytes(content)
    token = Token.from_file(file)
    assert (token.value is None) == (token.problem is not None)
    assert all("!" <= character <= "~" for character in token.value or "")


def test_the_representation_hides_the_token(token_file: Path) -> None:
    """Both kinds."""
    assert "first" not in repr(Token.from_file(token_file)) + repr(Token.fixed("first")) + str(Token.fixed("first"))


def test_a_setting_gives_its_token(token_file: Path) -> None:
    """Inline or in a file, of the platform or of a caller."""
    inline = Platform.model_validate({"url": "http://a", "token": "inline"})
    assert token_of(inline).value == "inline"
    web = Config.model_validate(
        {
            "platform": {"url": "http://a", "token": "t"},
            "organizations": {"static": [{"id": "a"}]},
            "web": {"tokens": [{"name": "a", "role": "viewer", "token_file": str(token_file)}]},
        }
    ).web
    assert token_of(web.tokens[0]).value == "first"


@pytest.mark.parametrize("path", ["missing", "nul\0", "x" * 5000])
def test_what_cannot_be_looked_at_has_no_signature(tmp_path: Path, path: str) -> None:
    """Whatever the reason."""
    assert signature(tmp_path / path) is None


def test_a_signature_stays_until_the_content_changes(token_file: Path) -> None:
    """So that a file is read only when it has to be."""
    first = signature(token_file)
    assert first is not None
    assert signature(token_file) == first
    replace(token_file, b"other")
    assert signature(token_file) not in {first, None}


def test_the_mark_tells_tokens_apart_without_telling_them_and_holds_over_a_restart(token_file: Path) -> None:
    """Another value has another mark, so has a file that was written anew; the same ones have the same."""
    first = Token.from_file(token_file)
    assert first.mark == Token.from_file(token_file).mark
    assert Token.fixed("one").mark != Token.fixed("two").mark
    assert Token.fixed("one").mark == Token.fixed("one").mark
    before = first.mark
    replace(token_file, b"first\n")
    assert first.mark == before, "the file was not looked at yet: the value is still that of before"
    first.look()
    assert first.mark != before
    assert "first" not in first.mark
    assert len(first.mark) <= 256
