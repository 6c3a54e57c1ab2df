"""Whatever stands in a file or the environment: a configuration or a ConfigError, and no value in any message."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.config.keys import keys_of
from exporter.config.load import load, load_organizations
from exporter.config.schema import Config
from exporter.errors import ConfigError

CANARY = "c4nary-s3cr3t"

VARIABLES = [key.variable for key in keys_of(Config) if key.variable]
FIELDS = sorted({step for key in keys_of(Config) for step in key.path if step != "[]"})
LINES = [
    "platform:", "  url: ", "  token: ", "  timeout: ", "organizations:", "  static:", "    - id: ", "    - {", "- ",
    CANARY, f"'{CANARY}", f"@{CANARY}", f"[{CANARY}", f"&{CANARY} ", f"*{CANARY}", f"!{CANARY} ", f"%{CANARY} x",
    "}", "]", ": ", "\n", "\t", "#", "|", ">", "? ", '"', "\\", "<<: ", "---\n", "...\n", "null", "\x00", "\x85",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("canary")


def tell(file: Path, environ: dict[str, str]) -> str:
    """Everything a person or a log could come to see of the errors of loading a file both ways."""
    told = []
    try:
        load(file, environ)
    except ConfigError as error:
        told += [str(error), repr(error.faults), "".join(traceback.format_exception(error))]
    try:
        load_organizations(file)
    except ConfigError as error:
        told += [str(error), repr(error.faults), "".join(traceback.format_exception(error))]
    return "\n".join(told)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(CANARY)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(text=st.lists(st.sampled_from(LINES) | st.text(max_size=5), max_size=12).map("".join))
@example(text=f"platform: {{url: 'https://u:{CANARY}@a', token: [{CANARY}], timeout: {CANARY}}}")
@example(text=f"platform: {{url: 'https://{CANARY} /', token: '{CANARY} x', token_file: [{CANARY}]}}")
@example(text=f"a: b: {CANARY}")
@example(text=f"- {{id: '{CANARY}/', name: [{CANARY}], xero_tenant_id: '{CANARY}_'}}")
@example(text=f"- {{id: '{CANARY}'}}\n- {{id: '{CANARY}'}}")
@example(text=f"'{CANARY}': 1")
@settings(deadline=None)
def test_any_text_is_a_configuration_or_a_config_error(folder: Path, text: str) -> None:
    """YAML's own messages quote the file; ours never do."""
    file = folder / "text.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert CANARY not in tell(file, {})


@given(content=st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_a_configuration_or_a_config_error(folder: Path, content: bytes) -> None:
    """Other encodings, half files, pictures."""
    file = folder / "bytes.yml"
    file.write_bytes(content)
    assert str(file) in tell(file, {})


@given(tree=trees)
@settings(deadline=None)
def test_any_tree_is_a_configuration_or_a_config_error(folder: Path, tree: object) -> None:
    """Values of any shape under keys that exist, so that they reach the parsers of the schema."""
    file = folder / "tree.yml"
    file.write_text(json.dumps(tree))
    assert CANARY not in tell(file, {})


@given(
    environ=st.dictionaries(
        st.sampled_from(VARIABLES) | st.text(max_size=5).map("XERO_EXPORTER_".__add__),
        st.just(CANARY) | st.text(max_size=10) | trees.map(json.dumps),
        max_size=4,
    )
)
@settings(deadline=None)
def test_any_environment_is_laid_over_or_a_config_error(folder: Path, environ: dict[str, str]) -> None:
    """Over a file that is right."""
    file = folder / "environment.yml"
    file.write_text("platform: {url: http://a, token: t}\norganizations: {static: [{id: a}]}\n")
    assert CANARY not in tell(file, environ)


@given(secret=st.from_regex(rb"[\x21-\x7e]{0,20}", fullmatch=True).map(lambda text: CANARY + text.decode()))
@settings(deadline=None)
def test_no_token_shows_in_the_configuration(folder: Path, secret: str) -> None:
    """Of the platform or of a caller, from the file or from the environment; the value itself is kept as it is."""
    file = folder / "tokens.yml"
    tokens = json.dumps([{"name": "a", "role": "viewer", "token": secret}])
    file.write_text(f'platform: {{url: "http://a"}}\norganizations: {{static: [{{id: a}}]}}\nweb: {{tokens: {tokens}}}')
    config = load(file, {"XERO_EXPORTER_PLATFORM__TOKEN": secret})
    for token in (config.platform.token, config.web.tokens[0].token):
        assert token is not None
        assert token.get_secret_value() == secret
    assert CANARY not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
