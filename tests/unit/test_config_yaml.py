"""The part of YAML that is read, and the traps that are not stepped into."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.load import load_organizations
from exporter.config.tree import MAX_DEPTH, Plain
from exporter.config.yaml_document import read_document
from exporter.errors import ConfigError, Fault


def refusal(text: str) -> Fault:
    """The one fault that a text is refused with."""
    with pytest.raises(ConfigError) as refused:
        read_document(text, "f.yml")
    (fault,) = refused.value.faults
    return fault


@pytest.mark.parametrize(
    "written",
    ["0123", "1e5", "yes", "no", "on", "NULL", "2024-01-01", "12:30", "0x1F", "1_000", ".5", "true", "0o17", "=", "-1"],
)
def test_an_unquoted_scalar_is_the_text_that_is_written(written: str) -> None:
    """YAML 1.1 would make numbers, truths, dates and base 60 of these."""
    assert read_document(f"- {written}\n", "f").root == [written]


@pytest.mark.parametrize("name", ["0123", "1e5", "yes", "2024-01-01", "12:30", "true", "1.0"])
def test_an_id_that_looks_like_something_else_stays_an_id(tmp_path: Path, name: str) -> None:
    """Ids are opaque: 0123 is not 83."""
    file = tmp_path / "o.yml"
    file.write_text(f"- id: {name}\n")
    assert [organization.id for organization in load_organizations(file)] == [name]


@pytest.mark.parametrize("written", ["null", "~", ""])
def test_null_is_null_only_without_quotes(written: str) -> None:
    """Quotes make it a text."""
    assert read_document(f"a: {written}\nb: '{written}'\n", "f").root == {"a": None, "b": written}


def test_quotes_are_remembered() -> None:
    """A quoted number is a text, and a key that wants a number says so."""
    root = read_document("[1, '1', \"1\"]", "f").root
    assert isinstance(root, list)
    assert [isinstance(scalar, Plain) for scalar in root] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: &x 1\nb: 2\n", 1, 4, "anchors"),
        ("a: [1]\nb: *x\n", 2, 4, "anchors"),
        ("a: !!python/object:os.system x\n", 1, 4, "tags"),
        ("a: ! x\n", 1, 4, "tags"),
        ("a: !!map {}\n", 1, 4, "tags"),
        ("<<: {a: 1}\n", 1, 1, "merge keys"),
        ("&k a: 1\n", 1, 1, "a key must be a word"),
        ("? [a]\n: 1\n", 1, 3, "a key must be a word"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a:\n\tb: 1\n", 2, 1, "no tabs"),
        ("a: b: c\n", 1, 5, "colon"),
        ("a: @b\n", 1, 4, "in quotes"),
        ("a: 'b\n", 2, 1, "quote is never closed"),
        ("a: [b\n", 2, 1, "never closed"),
        ("a: {b\n", 2, 1, "never closed"),
        ("a: 1\n  b: 2\n", 2, 4, "colon"),
    ],
)
def test_what_is_not_supported_is_told_by_place(text: str, line: int, column: int, says: str) -> None:
    """One fault, its line and column, and what to do."""
    fault = refusal(text)
    assert (fault.line, fault.column) == (line, column)
    assert says in fault.what


def test_a_control_character_is_told() -> None:
    """YAML does not allow it; the parser's own message would print it."""
    assert "control character" in refusal("a: \x07").what


def test_a_bomb_of_aliases_is_refused() -> None:
    """A billion laughs: nothing is expanded."""
    layers = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases" in refusal("\n".join(layers)).what


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "[a: "])
def test_nesting_without_end_is_refused(opening: str) -> None:
    """Long before the parser's or Python's own limits."""
    assert f"deeper than {MAX_DEPTH}" in refusal(opening * 50_000).what


def test_a_key_written_twice_is_told_with_both_lines_and_the_first_kept() -> None:
    """The last one would win silently in PyYAML."""
    document = read_document("a: 1\nb:\n  - {c: 1, c: 2}\na: 3\n", "f.yml")
    assert document.root == {"a": "1", "b": [{"c": "1"}]}
    told = [(fault.where, fault.line, fault.column) for fault in document.repeated_keys]
    assert told == [("b[0].c", 3, 12), ("a", 4, 1)]
    assert "first on line 1;" in document.repeated_keys[1].what


def test_json_that_yaml_does_not_know_is_read() -> None:
    """json.dumps writes emoji as two escapes; libyaml refuses each."""
    assert read_document('[{"id": 7, "name": "\\ud83d\\ude00"}]', "f").root == [{"id": "7", "name": "😀"}]


def test_a_key_written_twice_in_such_json_is_told() -> None:
    """The fallback is as strict."""
    (fault,) = read_document('[{"id": "\\ud83d\\ude00", "id": 1}]', "f").repeated_keys
    assert fault.where == "[0].id"
