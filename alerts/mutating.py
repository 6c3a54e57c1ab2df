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
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from alerts.entries import Alert, Record, RuleFile
from alerts.stories import all_stories
from alerts.story import Story, checks_yaml, series_yaml
from alerts.table import rule_files
from alerts.thresholds import SHIPPED
from alerts.writing import rules_yaml

HERE: Final = Path(__file__).parent

COMPARISON: Final = re.compile(r" (<|>|<=|>=|==|!=) ")
_FLIPPED: Final = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
TEN_HOURS: Final = 36_000.0
BROKEN: Final = "no rule any more"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that does what the rule does.

    Attributes:
        rule: a regular expression on the whole name of the rule.
        what: how it is spoilt, as the mutant says it; or its beginning.
        because: why nobody can tell the two apart.
    """

    rule: str
    what: str
    because: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether that mutant is meant."""
        return bool(re.fullmatch(self.rule, mutant.rule)) and mutant.what.startswith(self.what)


EQUIVALENT: Final[tuple[Equivalent, ...]] = (
    Equivalent("XeroWatchdog", "without", "promtool evaluates every group: only a Prometheus that does not can tell"),
)
"""Each must cover a mutant that lives: an excuse for nothing is a failure too."""


def equivalent(mutant: Mutant) -> Equivalent | None:
    """Why that mutant may live; None when it may not."""
    return next((one for one in EQUIVALENT if one.covers(mutant)), None)


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
                yield f"without {_place(expr, len(chr(10).join([*lines[:number], ''])))}", left
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
    """Where it is: some lines stand in a rule twice, and some have two comparisons."""
    line = expr[expr.rfind("\n", 0, max(at, 1)) + 1 :].split("\n", 1)[0].strip()
    cell = line if len(line) <= 90 else line[:87] + "..."  # noqa: PLR2004 - a cell of a table
    return f"line {expr.count(chr(10), 0, at) + 1}, column {at - expr.rfind(chr(10), 0, at)}, `{cell}`"


_KILLED: Final[dict[str, str]] = {}
"""How a rule was spoilt -> the test that noticed last."""


def killer(mutant: Mutant) -> str | None:
    """The first test that notices; None when none does.

    Only what the spoilt rule can change is evaluated: itself, what is concluded from it, and what these are concluded
    from; and only what the tests say of these is asked. Whatever fails so fails as a whole.

    Raises:
        RuntimeError: a test fails on the rules as they are.
    """
    kept = concerned(mutant.rule)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        _write_rules(base, mutant.files, kept)
        if not _content("check", "rules", *map(str, (base / "rules").glob("*.yml"))):
            return BROKEN  # not a mutant: a broken file is noticed by everybody
        # Rules of one shape are killed by one test, spoilt alike; others by one that names them.
        alike = mutant.what.replace(mutant.rule, "")
        last = _KILLED.get(alike)
        tests = sorted(_likely_first(kept), key=lambda test: (test.name != last, mutant.rule not in test.text))
        for test in tests:
            if not _passes(test, base):
                _KILLED[alike] = test.name
                if not _passes_unspoilt(kept, test):
                    raise RuntimeError(f"the rules as they are fail {test.name}, with no more than {mutant.rule} needs")
                return test.name
    return None


def concerned(rule: str) -> frozenset[str]:
    """Names of the rules that one can change, itself included, and of all that those are concluded from."""
    rules = {one.name: one for file in rule_files() for group in file.groups for one in group.rules}
    # A record's name as a word of its own; an alert's as the value of a label.
    sources = {
        name: {other for other in rules if re.search(rf"(?<![\w:]){re.escape(other)}(?![\w:])", one.expr)}
        for name, one in rules.items()
    }
    changed, grew = {rule}, True
    while grew:
        more = {name for name, of in sources.items() if of & changed}
        grew = not more <= changed
        changed |= more
    grew = True
    while grew:
        more = {source for name in changed for source in sources[name]}
        grew = not more <= changed
        changed |= more
    return frozenset(changed)


@dataclass(frozen=True, slots=True)
class Test:
    """What promtool is given.

    Attributes:
        name: of the file that it is a part of.
        text: YAML.
        concerns: whether it names an alert that is expected to fire.
    """

    name: str
    text: str
    concerns: bool


@cache
def _likely_first(kept: frozenset[str]) -> tuple[Test, ...]:
    """Of every test what is about these rules; those first in which one of the alerts fires, the short ones first."""
    tests = [*_firing_cases(kept), *(test for story in all_stories() for test in _about(story, kept))]
    return tuple(sorted(tests, key=lambda test: (not test.concerns, len(test.text))))


def _about(story: Story, kept: frozenset[str]) -> Iterator[Test]:
    checks = []
    for check in story.checks:
        records = set(re.findall(r"[\w:]*:[\w:]*", check.expr)) if not check.alerts else set()
        named = set(re.findall(r'alertname="(\w+)"', check.expr))
        if records <= kept and named <= kept and (not check.alerts or any(name.startswith("Xero") for name in kept)):
            expected = {name: count for name, count in check.expected.items() if not check.alerts or name in kept}
            checks.append(replace(check, expected=expected))
    if checks:
        concerns = any(check.expected for check in checks)
        yield Test(story.name, series_yaml(story) + checks_yaml(checks), concerns)


def _firing_cases(kept: frozenset[str]) -> Iterator[Test]:
    """The cases that people write, of these alerts alone."""
    for file in sorted((HERE / "tests").glob("firing*.yml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for case in document["tests"]:
            if case["alert_rule_test"][0]["alertname"] in kept:
                yield Test(file.stem, yaml.safe_dump({**document, "tests": [case]}), concerns=True)


def _write_rules(base: Path, files: Sequence[RuleFile], kept: frozenset[str]) -> None:
    (base / "rules").mkdir()
    (base / "tests").mkdir()
    for file in files:
        groups = [replace(one, rules=tuple(rule for rule in one.rules if rule.name in kept)) for one in file.groups]
        text = rules_yaml(replace(file, groups=tuple(groups)), SHIPPED)
        (base / "rules" / f"{file.name}.yml").write_text(text, encoding="utf-8")


@cache
def _passes_unspoilt(kept: frozenset[str], test: Test) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        _write_rules(Path(folder), rule_files(), kept)
        return _passes(test, Path(folder))


def _passes(test: Test, base: Path) -> bool:
    (base / "tests" / "test.yml").write_text(test.text, encoding="utf-8")
    return _content("test", "rules", str(base / "tests" / "test.yml"))


def _content(*arguments: str) -> bool:
    """Whether promtool is."""
    command = [shutil.which("promtool") or "promtool", *arguments]
    # One thread each, and a collection of garbage that waits longer: a third less CPU.
    environment = {**os.environ, "GOMAXPROCS": "1", "GOGC": "400"}
    return not subprocess.run(command, capture_output=True, check=False, env=environment).returncode  # noqa: S603 - our own files


def main() -> int:
    """The command line; 1 when a mutant survives that is not known to be as good as the rule."""
    parser = argparse.ArgumentParser(prog="python -m alerts.mutating", description="Spoil the rules, one at a time.")
    parser.add_argument("--only", default="", help="a regular expression on the name of the rule")
    parser.add_argument("--write", type=Path, help="file for the results, as Markdown")
    given = parser.parse_args()
    chosen = [one for one in mutants() if re.search(given.only, one.rule)]
    begun = time.monotonic()
    killers: list[str | None] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, by in zip(chosen, pool.map(killer, chosen), strict=True):
            killers.append(by)
            sys.stderr.write(f"{len(killers)}/{len(chosen)} {mutant.rule}: {mutant.what}: {by or 'ALIVE'}\n")
    judged = [(one, by) for one, by in zip(chosen, killers, strict=True) if by != BROKEN]
    alive = [one for one, by in judged if by is None]
    survivors = [one for one in alive if equivalent(one) is None]
    # An excuse that no living mutant needs would excuse a later one unseen.
    idle = [] if given.only else [one for one in EQUIVALENT if not any(one.covers(mutant) for mutant in alive)]
    excused = len(alive) - len(survivors)
    report = (
        f"{len(judged)} mutants: {len(judged) - len(alive)} killed, {excused} as good as the rule, "
        f"{len(survivors)} alive; {(time.monotonic() - begun) / 60:.0f} minutes.\n"
    )
    lines = [f"- ALIVE: {one.rule}: {one.what}\n" for one in survivors]
    lines += [f"- excused for nothing: {one.rule}: {one.what}\n" for one in idle]
    sys.stdout.write(report + "".join(lines))
    if given.write:
        given.write.write_text(_page(report, lines, judged, alive), encoding="utf-8")
    return 1 if survivors or idle else 0


def _page(
    report: str, lines: Sequence[str], judged: Sequence[tuple[Mutant, str | None]], alive: Sequence[Mutant]
) -> str:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    by = Counter(test for _, test in judged if test is not None)
    excuses = [f"- `{one.rule}`, {one.what}: {why.because}\n" for one in alive if (why := equivalent(one))]
    return "".join(
        [
            f"# Mutants of the alert rules\n\n{today}; {os.cpu_count()} cores; `make mutate-alerts`.\n\n{report}",
            *(["\n", *lines] if lines else []),
            "\nKilled first by:\n\n| test | mutants |\n| --- | ---: |\n",
            *(f"| {test} | {count} |\n" for test, count in by.most_common()),
            *(["\nAs good as the rule, and why:\n\n", *excuses] if excuses else []),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
