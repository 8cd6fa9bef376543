"""Holds the whole tree to the rules that no tool in the box can check.

A rule is a function from a file to its breaches. Each has a planted breach that it must find, and
what it must let pass. Exceptions stand in exceptions.toml, with their reasons.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("exceptions.toml")

FILE_LINES, FILE_LINES_AIM = 500, 250
FUNCTION_LINES = 60
BRANCHES = 12


class File(NamedTuple):
    path: str  # from the top of the checkout, with forward slashes
    text: str
    tree: ast.Module | None  # of Python files
    nodes: tuple[ast.AST, ...] = ()  # everything in the tree


class Breach(NamedTuple):
    line: int
    what: str


Finder = Callable[[File], Iterator[Breach]]


class Rule(NamedTuple):
    judges: Callable[[File], bool]
    find: Finder


RULES: dict[str, Rule] = {}


def rule(name: str, judges: Callable[[File], bool]) -> Callable[[Finder], Finder]:
    def register(find: Finder) -> Finder:
        RULES[name] = Rule(judges, find)
        return find

    return register


# ------------------------------------------------------------------------------------ which files


def parse(path: str, text: str) -> File:
    if not path.endswith(".py"):
        return File(path, text, None)
    tree = ast.parse(text, path)
    return File(path, text, tree, tuple(ast.walk(tree)))


@cache
def all_files() -> tuple[File, ...]:
    """Return every text file of the checkout but what tools made."""
    found = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [
            name
            for name in inner
            if name in {".ci", ".github"}
            or not (name.startswith(".") or name in {"__pycache__", "build", "dist"})
        ]
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(ROOT).as_posix()
            if is_generated(relative) or path.stat().st_size > 1_000_000:
                continue
            try:
                found.append(parse(relative, path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue  # no text
    return tuple(found)


def is_generated(path: str) -> bool:
    return "_pb2" in PurePosixPath(path).name


def below(*folders: str) -> Callable[[File], bool]:
    """Select Python files in these folders."""
    return lambda file: file.tree is not None and file.path.startswith(folders)


def any_python(file: File) -> bool:
    return file.tree is not None


def any_text(_: File) -> bool:
    return True


# --------------------------------------------------------------------------- reading Python's tree


def full_names(file: File) -> Iterator[tuple[ast.expr, str]]:
    """Give each name and attribute with what it stands for, whatever it was imported as."""
    imported: dict[str, str] = {}
    for node in file.nodes:
        match node:
            case ast.Import(names=names):
                for name in names:
                    first = name.name.split(".")[0]
                    imported[name.asname or first] = name.name if name.asname else first
            case ast.ImportFrom(module=str(module), names=names):
                for name in names:
                    imported[name.asname or name.name] = f"{module}.{name.name}"

    def resolve(node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return imported.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                return f"{resolve(value)}.{attribute}"
        return ""

    for node in file.nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            yield node, resolve(node)


# ------------------------------------------------------------------------------------------ sizes


@rule("file-length", any_python)
def long_files(file: File) -> Iterator[Breach]:
    if (lines := len(file.text.splitlines())) > FILE_LINES:
        yield Breach(1, f"{lines} lines in one file")


@rule("function-length", any_python)
def long_functions(file: File) -> Iterator[Breach]:
    for node in file.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield Breach(node.lineno, f"{node.name} has {lines} lines")


@rule("branches", any_python)
def tangled_functions(file: File) -> Iterator[Breach]:
    # A `match` counts once: a flat table of cases is easy to read, however long.
    forks = ast.If | ast.IfExp | ast.For | ast.While | ast.ExceptHandler | ast.Match
    for node in file.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            branches = 1 + sum(isinstance(x, forks | ast.comprehension) for x in ast.walk(node))
            if branches > BRANCHES:
                yield Breach(node.lineno, f"{node.name} has {branches} branches")


# -------------------------------------------------------------------------------- words and names


@rule("docstring", any_python)
def silent_modules(file: File) -> Iterator[Breach]:
    assert file.tree is not None
    if not file.tree.body:
        return
    text = " ".join((ast.get_docstring(file.tree) or "").split())
    first, full_stop, _ = (text + " ").partition(". ")
    if not full_stop or len(first.split()) < 5:
        yield Breach(1, "the docstring's first sentence must say what the module is for")
    elif re.match(r"(This|The) (module|file|package)\b|Module\b", first):
        yield Breach(1, "the docstring should say what for, not that it is a module")


@rule("unfinished", any_text)
def unfinished_work(file: File) -> Iterator[Breach]:
    for number, line in enumerate(file.text.splitlines(), 1):
        if found := re.search(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", line):
            yield Breach(number, f"{found[0]}: finish it or say why it is as it is")


@rule("vague-name", any_python)
def vague_names(file: File) -> Iterator[Breach]:
    vague = {"manager", "helper", "helpers", "util", "utils"}
    named = [(1, PurePosixPath(file.path).stem)]
    named += [(node.lineno, node.name) for node in file.nodes if isinstance(node, ast.ClassDef)]
    for line, name in named:
        if vague & set(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_")):
            yield Breach(line, f"{name}: name what it does")


@rule("machine-place", any_text)
def machine_places(file: File) -> Iterator[Breach]:
    place = re.compile(
        r"/(work|farm|root|home)/|file:///opt|/simple/|registry\.\w|/packages/[0-9a-f]{2}/"
        r"|\b(pypi|crates|golang)\.(org|io)\b|pythonhosted|deb\.debian"
    )
    for number, line in enumerate(file.text.splitlines(), 1):
        if found := place.search(line):
            yield Breach(number, f"{found[0]}: true on one machine or one network only")


# ------------------------------------------------------------------------------- money and purity


@rule("money-float", below("robson/domain/", "robson/engine/", "robson/exec/"))
def floats(file: File) -> Iterator[Breach]:
    refusing = {
        id(part)
        for node in file.nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance"
        for part in ast.walk(node)
    }
    for node in file.nodes:
        match node:
            case ast.Constant(value=float(value)):
                yield Breach(node.lineno, f"{value} is a float: write a Decimal or an int")
            case ast.Name(id="float") if id(node) not in refusing:
                yield Breach(node.lineno, "float: money is Decimal, time is an int with its unit")


@rule("proto-float", lambda file: file.path.endswith(".proto"))
def proto_floats(file: File) -> Iterator[Breach]:
    for number, line in enumerate(file.text.splitlines(), 1):
        if re.match(r"\s*(repeated |optional )?(double|float)\s+\w+\s*=", line):
            yield Breach(number, "a number travels as decimal text")


# The command line is a client outside of the seam: its clock decides nothing.
@rule(
    "ambient",
    lambda file: below("robson/")(file) and not file.path.startswith("robson/cli/"),
)
def ambient_calls(file: File) -> Iterator[Breach]:
    ambient = re.compile(
        r"(time|secrets|socket)\.\w+|random\.(?!Random$)\w+|uuid\.uuid[14]|os\.(urandom|getrandom)"
        r"|datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|threading\.Timer"
    )
    bare_calls = {
        id(node.func)
        for node in file.nodes
        if isinstance(node, ast.Call) and not node.args and not node.keywords
    }
    for node, name in full_names(file):
        if ambient.fullmatch(name):
            yield Breach(node.lineno, f"{name}: ask a port")
        elif name == "random.Random" and id(node) in bare_calls:
            yield Breach(node.lineno, "random.Random without a seed")


@rule("broad-except", below("robson/", "tools/"))
def broad_excepts(file: File) -> Iterator[Breach]:
    broad = {"Exception", "BaseException"}
    for node in file.nodes:
        match node:
            case ast.ExceptHandler(type=None):
                yield Breach(node.lineno, "bare except")
            case ast.ExceptHandler(type=ast.expr() as caught):
                if broad & {getattr(part, "id", "") for part in ast.walk(caught)}:
                    yield Breach(node.lineno, "catches everything")
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress")):
                if broad & {getattr(part, "id", "") for part in node.args}:
                    yield Breach(node.lineno, "suppresses everything")


EMPTY = {f"robson/{package}__init__.py" for package in ("", "cli/", "api/", "api/v1/")}


@rule("empty-init", lambda file: file.path in EMPTY)
def busy_inits(file: File) -> Iterator[Breach]:
    if file.text.strip():
        yield Breach(1, "runs at every start of the command line: keep it empty")


# ------------------------------------------------------------------------------------------ tests


@rule("hollow-test", below("tests/"))
def hollow_tests(file: File) -> Iterator[Breach]:
    for node in file.nodes:
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and node.test.value:
            yield Breach(node.lineno, "asserts a constant")
    for node, name in full_names(file):
        if re.fullmatch(r"pytest\.(mark\.skip|mark\.skipif|skip|importorskip)", name):
            yield Breach(node.lineno, f"{name}: what a test needs is provided, or its lack is red")


@rule("sleeping-test", below("tests/"))
def sleeping_tests(file: File) -> Iterator[Breach]:
    for node, name in full_names(file):
        if name == "time.sleep":
            yield Breach(node.lineno, "wait for a condition, with a bound")


@rule("oracle", below("tests/oracle/"))
def dependent_oracles(file: File) -> Iterator[Breach]:
    for node in file.nodes:
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case _:
                continue
        for module in modules:
            known = module.split(".")[0] in sys.stdlib_module_names
            if not known and not module.startswith("tests.oracle"):
                yield Breach(node.lineno, f"{module}: an oracle owes nothing to what it judges")


# ------------------------------------------------------------------------------- the rules at work

# Rules that may have nothing to judge, because what they judge need not be there.
MAY_BE_IDLE = {"oracle", "proto-float"}


def exceptions() -> dict[str, dict[str, str]]:
    return tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8"))


def test_rules_hold(record_property: Callable[[str, object], None]) -> None:
    """In one test: read and parsed, the checkout is as much work as all rules together.

    A file over the design budget is no fault yet; it is named, so that it does not grow unseen.
    """
    wrong = [f"{name}: {each}" for name in sorted(RULES) for each in wrong_by(name)]
    sizes = {file.path: len(file.text.splitlines()) for file in all_files() if any_python(file)}
    over = [f"{path} ({lines})" for path, lines in sizes.items() if lines > FILE_LINES_AIM]

    assert not wrong, "\n".join(wrong)
    assert sizes
    record_property(
        "note", f"tidy: {len(RULES)} rules, {len(all_files())} files, {len(sizes)} Python"
    )
    record_property(
        "note", f"tidy: over {FILE_LINES_AIM} lines: {', '.join(sorted(over)) or 'none'}"
    )


def wrong_by(name: str) -> list[str]:
    """Breaches of a rule that nothing excuses, and excuses of none."""
    excused = exceptions().get(name, {})
    judged = [file for file in all_files() if RULES[name].judges(file)]
    breaches = {file.path: list(RULES[name].find(file)) for file in judged}
    wrong = [
        f"{path}:{line}: {what}"
        for path, found in breaches.items()
        if path not in excused
        for line, what in found
    ]
    wrong += [f"{path}: no exception needed" for path in excused if breaches.get(path) == []]
    wrong += [] if judged or name in MAY_BE_IDLE else ["no file was judged"]
    return wrong


def test_exceptions_are_few_known_and_reasoned() -> None:
    assert len(EXCEPTIONS.read_text(encoding="utf-8").splitlines()) <= 20
    assert exceptions().keys() <= RULES.keys()
    for excused in exceptions().values():
        assert all(len(reason.split()) >= 3 for reason in excused.values())


def repeated_numbers(names: list[str]) -> list[str]:
    return [number for number, count in Counter(name[:4] for name in names).items() if count > 1]


def test_decision_records_have_their_own_numbers() -> None:
    names = [path.name for path in (ROOT / "docs" / "adr").glob("*.md")]

    assert repeated_numbers(["0001-a.md", "0001-b.md", "0002-c.md"]) == ["0001"]
    assert repeated_numbers([name for name in names if name != "README.md"]) == []
    assert not [name for name in names if not re.match(r"\d{4}-|README\.md$", name)]


# --------------------------------------------------------------------------- the rules on trial

PLANTED = [
    ("file-length", "robson/x.py", "x = 1\n" * 501),
    ("function-length", "robson/x.py", "def f():\n" + "    x = 1\n" * 60),
    ("branches", "robson/x.py", "def f(x):\n" + "    if x: pass\n" * 12),
    ("docstring", "robson/x.py", "x = 1\n"),
    ("docstring", "robson/x.py", '"""Things."""\n'),
    ("docstring", "robson/x.py", '"""This module holds all of the prices."""\n'),
    ("unfinished", "docs/x.md", "later (TODO)\n"),
    ("unfinished", "robson/x.py", "raise NotImplementedError\n"),
    ("vague-name", "robson/order_utils.py", "x = 1\n"),
    ("vague-name", "robson/x.py", "class OrderManager: pass\n"),
    ("machine-place", "x.md", "see /home/jo/robson\n"),
    ("machine-place", "requirements/x.txt", "--index-url http://somewhere/simple/\n"),
    ("machine-place", "x.md", "see crates\x2eio\n"),
    ("money-float", "robson/domain/x.py", "x = float(y)\n"),
    ("money-float", "robson/exec/x.py", "def f(x: float) -> None: pass\n"),
    ("money-float", "robson/engine/x.py", "x = y * 0.5\n"),
    ("proto-float", "protos/x.proto", "  double price = 1;\n"),
    ("ambient", "robson/daemon/x.py", "import time as t\nt.monotonic()\n"),
    ("ambient", "robson/engine/x.py", "from time import sleep\nwait = sleep\n"),
    ("ambient", "robson/sim/x.py", "import random\nrandom.random()\n"),
    ("ambient", "robson/sim/x.py", "import random\nrandom.Random()\n"),
    ("ambient", "robson/store/x.py", "from datetime import datetime as d\nd.now()\n"),
    ("ambient", "robson/daemon/x.py", "import threading\nthreading.Timer(1, f)\n"),
    ("broad-except", "robson/x.py", "try: f()\nexcept Exception: pass\n"),
    ("broad-except", "robson/x.py", "try: f()\nexcept (OSError, BaseException): pass\n"),
    ("broad-except", "robson/x.py", "try: f()\nexcept: pass\n"),
    ("broad-except", "robson/x.py", "with contextlib.suppress(Exception): f()\n"),
    ("empty-init", "robson/cli/__init__.py", '"""Words."""\n'),
    ("hollow-test", "tests/x.py", "def test(): assert True\n"),
    ("hollow-test", "tests/x.py", "import pytest\n@pytest.mark.skipif(y)\ndef test(): f()\n"),
    ("sleeping-test", "tests/x.py", "import time\ntime.sleep(1)\n"),
    ("oracle", "tests/oracle/x.py", "from robson.domain import values\n"),
]

INNOCENT = [
    ("branches", "robson/x.py", "def f(x):\n  match x:\n" + "    case 1: pass\n" * 30),
    ("docstring", "robson/x.py", ""),
    (
        "docstring",
        "robson/x.py",
        '"""Rounds prices and quantities as one\nsymbol demands. Never up."""',
    ),
    ("machine-place", "x.md", "docs/adr/0001.md, /proc/self, https://example.org/x\n"),
    ("money-float", "robson/domain/x.py", "if isinstance(x, float): raise TypeError\n"),
    ("money-float", "robson/store/x.py", "timeout_s: float = 0.5\n"),
    ("proto-float", "protos/x.proto", "  string price = 1; // never a double\n"),
    ("ambient", "robson/cli/x.py", "import time\ntime.monotonic()\n"),
    ("ambient", "robson/sim/x.py", "import random\nrandom.Random(7)\n"),
    ("ambient", "robson/sim/x.py", "import random\nrng: random.Random\n"),
    ("ambient", "robson/store/x.py", "from datetime import datetime\ndatetime(2026, 1, 1)\n"),
    ("broad-except", "robson/x.py", "try: f()\nexcept (OSError, ValueError): pass\n"),
    ("hollow-test", "tests/x.py", "def test(): assert f()['x']; assert g.y; assert False\n"),
    ("oracle", "tests/oracle/x.py", "import decimal\nfrom tests.oracle import y\n"),
]


def breaches_of(name: str, path: str, text: str) -> list[Breach]:
    file = parse(path, text)
    return list(RULES[name].find(file)) if RULES[name].judges(file) else []


@pytest.mark.parametrize(("name", "path", "text"), PLANTED, ids=range(len(PLANTED)))
def test_planted_breach_is_found(name: str, path: str, text: str) -> None:
    assert breaches_of(name, path, text)


@pytest.mark.parametrize(("name", "path", "text"), INNOCENT, ids=range(len(INNOCENT)))
def test_innocent_code_passes(name: str, path: str, text: str) -> None:
    assert breaches_of(name, path, text) == []


def test_every_rule_was_on_trial() -> None:
    assert {name for name, _, _ in PLANTED} == RULES.keys()
