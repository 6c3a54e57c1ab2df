"""`python -m alerts.mutating`: spoils the rules one place at a time, and sees whether a test of promtool notices.

A mutant that no test kills is a line of the rules that nobody holds: somebody can spoil it and not know.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from alerts.entries import Alert, Record, RuleFile
from alerts.table import rule_files
from alerts.thresholds import SHIPPED
from alerts.writing import rules_yaml

HERE: Final = Path(__file__).parent

COMPARISON: Final = re.compile(r" (<|>|<=|>=|==|!=) ")
_FLIPPED: Final = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
TEN_HOURS: Final = 36_000.0


@dataclass(frozen=True, slots=True)
class Mutant:
    """Rules with one fault.

    Attributes:
        rule: the name of the rule that is spoilt.
        what: how.
        files: all files of rules, one of them spoilt.
    """

    rule: str
    what: str
    files: tuple[RuleFile, ...]


def mutants() -> Iterator[Mutant]:
    """Every mutant: comparisons flipped, waits gone or too long, gates and alternatives dropped."""
    for file in rule_files():
        for group in file.groups:
            for rule in group.rules:
                for what, spoilt in _spoilt(rule):
                    changed = replace(group, rules=tuple(spoilt if one is rule else one for one in group.rules))
                    groups = tuple(changed if one is group else one for one in file.groups)
                    new = replace(file, groups=groups)
                    yield Mutant(rule.name, what, tuple(new if one.name == file.name else one for one in rule_files()))


def _spoilt(rule: Record | Alert) -> Iterator[tuple[str, Record | Alert]]:
    for what, expr in _expressions(rule.expr):
        yield what, replace(rule, expr=expr)
    if isinstance(rule, Alert):
        if rule.hold:
            yield "for: 0s", replace(rule, hold=0.0)
        if rule.hold < TEN_HOURS:
            yield "for: 10h", replace(rule, hold=TEN_HOURS)
        yield "never", replace(rule, expr=f"({rule.expr}) and on () vector(0) > 1")


def _expressions(expr: str) -> Iterator[tuple[str, str]]:
    """The expression with one fault."""
    for found in COMPARISON.finditer(expr):
        flipped = f"{expr[: found.start(1)]}{_FLIPPED[found[1]]}{expr[found.end(1) :]}"
        yield f"{found[1]} becomes {_FLIPPED[found[1]]} at {_place(expr, found.start())}", flipped
    lines = expr.split("\n")
    for number, line in enumerate(lines):
        if re.match(r"\s*(and|unless|or)\b", line):
            end = _end_of(lines, number)
            # A gate is taken out with all that it opens, up to the line that closes it.
            left = "\n".join([*lines[:number], *lines[end:]])
            if _balanced(left):
                yield f"without {_place(expr, len(chr(10).join(lines[:number])) + 1)}", left
    for number, line in enumerate(lines):
        if line == "or (" and number:
            # The first alternative, which no word stands before.
            yield "without the first alternative", "\n".join([line.removeprefix("or "), *lines[number + 1 :]])
            break


def _end_of(lines: Sequence[str], first: int) -> int:
    """The line after the clause that begins at `first`."""
    depth = 0
    for number in range(first, len(lines)):
        depth += lines[number].count("(") - lines[number].count(")")
        if depth <= 0:
            return number + 1
    return len(lines)


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")")


def _place(expr: str, at: int) -> str:
    line = expr[expr.rfind("\n", 0, max(at, 1)) + 1 :].split("\n", 1)[0].strip()
    return f"`{line if len(line) <= 90 else line[:87] + '...'}`"  # noqa: PLR2004 - a cell of a table


def killer(mutant: Mutant) -> str | None:
    """The first test file that notices; None when none does."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "rules").mkdir()
        for file in mutant.files:
            (base / "rules" / f"{file.name}.yml").write_text(rules_yaml(file, SHIPPED), encoding="utf-8")
        checked = _promtool("check", "rules", *map(str, (base / "rules").glob("*.yml")))
        if checked:
            # Not a mutant: a broken file is noticed by everybody.
            return "no rule any more"
        shutil.copytree(HERE / "tests", base / "tests")
        for test in (*_own_firing_case(mutant.rule, base / "tests"), *_likely_first(mutant.rule, base / "tests")):
            if _promtool("test", "rules", str(test)):
                return test.stem
    return None


def _own_firing_case(rule: str, folder: Path) -> Iterator[Path]:
    """The firing case of this alert alone: those of all alerts take ten seconds."""
    for file in sorted(folder.glob("firing*.yml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        document["tests"] = [one for one in document["tests"] if one["alert_rule_test"][0]["alertname"] == rule]
        if document["tests"]:
            alone = folder / f"own-{file.name}"
            alone.write_text(yaml.safe_dump(document), encoding="utf-8")
            yield alone


def _likely_first(rule: str, folder: Path) -> list[Path]:
    """The tests, those first that name the rule, the short ones of these first."""

    def order(test: Path) -> tuple[bool, int]:
        return rule not in test.read_text(encoding="utf-8"), test.stat().st_size

    return sorted((file for file in folder.glob("*.yml") if not file.name.startswith("own-")), key=order)


def _promtool(*arguments: str) -> int:
    command = [shutil.which("promtool") or "promtool", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603 - our own files


def main() -> int:
    """The command line; 1 when a mutant survives."""
    parser = argparse.ArgumentParser(prog="python -m alerts.mutating", description="Spoil the rules, one at a time.")
    parser.add_argument("--only", default="", help="a regular expression on the name of the rule")
    parser.add_argument("--write", type=Path, help="file for the results, as Markdown")
    given = parser.parse_args()
    chosen = [one for one in mutants() if re.search(given.only, one.rule)]
    begun = time.monotonic()
    if noticed := killer(Mutant("", "", rule_files())):
        sys.stderr.write(f"the rules as they are fail {noticed}: mend that first\n")
        return 1
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        killers = []
        for mutant, by in zip(chosen, pool.map(killer, chosen), strict=True):
            killers.append(by)
            sys.stderr.write(f"{len(killers)}/{len(chosen)} {mutant.rule}: {mutant.what}: {by or 'ALIVE'}\n")
    survivors = [one for one, by in zip(chosen, killers, strict=True) if by is None]
    void = sum(by == "no rule any more" for by in killers)
    took = time.monotonic() - begun
    report = (
        f"{len(chosen) - void} mutants, {len(chosen) - void - len(survivors)} killed, {len(survivors)} alive; "
        f"{took / 60:.0f} minutes.\n"
    )
    lines = [f"- {one.rule}: {one.what}\n" for one in survivors]
    sys.stdout.write(report + "".join(lines))
    if given.write:
        today = time.strftime("%Y-%m-%d", time.gmtime())
        head = f"# Mutants of the alert rules\n\n{today}; `make mutate-alerts`.\n\n"
        given.write.write_text(head + report + "".join(["\nAlive:\n\n", *lines] if lines else []), encoding="utf-8")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
