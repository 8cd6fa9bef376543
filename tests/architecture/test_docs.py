"""Keeps README and docs true: pictures, pages made from code, links, commands, options, words.

Each check is a function from text to what is wrong with it, and each has a planted breach that it
must find. Every test says how much it looked at and fails on nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from robson.cli import parser as cli_parser
from robson.daemon import __main__ as robsond

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # its scripts import each other as scripts do
made = importlib.import_module("docs")
conformance = importlib.import_module("conformance_page")
OVERVIEW = ROOT / "docs" / "architecture" / "overview.md"
MISTAKES = ROOT / "docs" / "errors.md"
"""Full of options that do not exist, on purpose."""
GLOSSARY = ROOT / "docs" / "glossary.md"
RECORDS = ROOT / "docs" / "adr"
BUILTINS = {"cd", "export", "kill"}
STATUS = re.compile(r"accepted|proposed|superseded by \d{4}")
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]

Note = Callable[[str, object], None]


@cache
def pages() -> dict[Path, str]:
    """Return every page a person reads, by its path."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {path: path.read_text(encoding="utf-8") for path in found}


def fences(text: str, kind: str) -> list[str]:
    """Return the insides of all fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def on_every_page(check: Callable[[Path, str], Iterator[str]]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {wrong}"
        for path, text in pages().items()
        for wrong in check(path, text)
    ]


# ------------------------------------------------------------------------- pages made from the code


def test_made_pages_are_in_sync(record_property: Note) -> None:
    assert made.stale() == [], "run: python tools/docs.py"
    assert made.PAGES
    record_property("note", f"docs: {len(made.PAGES)} made pages in sync")


def test_a_made_page_that_is_behind_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "docs/architecture/lifecycle.md"
    behind = {page: lambda: made.lifecycle_page() + "one more arc\n"}
    monkeypatch.setattr(made, "PAGES", behind)  # the others take their time, and are judged above

    assert made.stale() == [page]


def test_lifecycle_page_counts_what_it_shows() -> None:
    text = made.lifecycle_page()
    counted = re.search(r"(\d+) states, (\d+) events, (\d+) arcs", text)
    sections = (part.partition("\n") for part in text.split("\n## ")[1:])
    rows = {title: body.count("\n| `") for title, _, body in sections}
    drawn = sum(
        len(line.split(": ")[1].split("<br/>"))
        for line in fences(text, "mermaid")[0].splitlines()
        if ": " in line and "[*]" not in line
    )

    assert counted is not None
    states, events, arcs = map(int, counted.groups())
    assert (states, arcs) == (rows["States"], rows["Arcs"])
    assert events == rows["Which journal event drives which machine event"]
    assert drawn == arcs > 0


def test_live_without_an_exchange_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = robsond.main(["run", "--profile", "live", "--state-dir", str(tmp_path / "state")])

    assert code == 78
    assert "needs it" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


# ----------------------------------------------------------------------------------------- pictures


def packages() -> set[str]:
    found = (ROOT / "robson").rglob("__init__.py")
    return {".".join(path.parent.relative_to(ROOT).parts) for path in found} - {"robson"}


@cache
def imports() -> set[tuple[str, str]]:
    """Return which component imports which."""
    graph = grimp.build_graph("robson", cache_dir=None)
    found = {
        (module.split(".")[1], target.split(".")[1])
        for module in graph.modules
        for target in graph.find_modules_directly_imported_by(module)
        if "." in module and "." in target
    }
    return {(source, target) for source, target in found if source != target}


def undrawn(picture: str, wanted: set[str]) -> set[str]:
    return {
        package for package in wanted if not re.search(rf'"{re.escape(package)}\b[^.]', picture)
    }


def arrows(picture: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^\s*(\w+) --> (\w+)$", picture, flags=re.MULTILINE))


def wrong_arrows(drawn: set[tuple[str, str]], real: set[tuple[str, str]]) -> list[str]:
    """Return arrows that are not so; those into the domain may be left out."""
    false = [
        f"draws {source} --> {target}, which the code does not" for source, target in drawn - real
    ]
    lacks = [
        f"does not draw {source} --> {target}"
        for source, target in real - drawn
        if target != "domain"
    ]
    return sorted(false + lacks)


def package_picture() -> str:
    drawn = fences(OVERVIEW.read_text(encoding="utf-8"), "mermaid")
    [picture] = [each for each in drawn if '"robson.domain' in each]
    return picture


def test_every_package_is_in_the_picture(record_property: Note) -> None:
    wanted = packages()

    assert undrawn(package_picture(), wanted) == set()
    assert len(wanted) > 9
    record_property("note", f"docs: {len(wanted)} packages in the picture")


def test_arrows_between_components_are_imports(record_property: Note) -> None:
    drawn = arrows(package_picture())

    assert wrong_arrows(drawn, imports()) == []
    assert drawn
    record_property("note", f"docs: {len(drawn)} arrows are imports")


def test_a_picture_that_is_behind_is_found() -> None:
    picture = 'cli["robson.cli.commands<br/>x"]\n  sim --> daemon\n'

    assert undrawn(picture, {"robson.cli.commands", "robson.cli"}) == {"robson.cli"}
    assert len(wrong_arrows(arrows(picture), {("cli", "api")})) == 2


# -------------------------------------------------------------------------------------------- links


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(text: str) -> set[str]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)}


def links(text: str) -> list[str]:
    found: list[str] = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))
    return [link for link in found if not link.startswith("https://")]


def broken_links(path: Path, text: str) -> Iterator[str]:
    for link in links(text):
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if not target.exists() or not target.is_relative_to(ROOT):
            yield f"{link} leads nowhere"
        elif anchor and anchor not in anchors(
            text if target == path else target.read_text("utf-8")
        ):
            yield f"{link}: no such heading"


def test_links_resolve(record_property: Note) -> None:
    count = sum(len(links(text)) for text in pages().values())

    assert on_every_page(broken_links) == []
    assert count
    record_property("note", f"docs: {count} links on {len(pages())} pages resolve")


def test_every_page_is_reachable() -> None:
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path, text in pages().items()
        for link in links(text)
    }

    assert pages().keys() - linked - {ROOT / "README.md"} == set()


# ------------------------------------------------------------------------------------- conformance


def test_marks_and_rules_agree(record_property: Note) -> None:
    table, marked = conformance.catalogue(), conformance.proofs()

    assert list(conformance.wrong(table, marked)) == []
    assert marked
    record_property("note", f"docs: {len(marked)} of {len(conformance.lines())} rules proved")


def test_marks_that_prove_nothing_known_are_found(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(
        "@pytest.mark.proves('A1', 'A3')\ndef test_it(): ...\n"
        "CASES = [pytest.param(1, id='one', marks=pytest.mark.proves('A2'))]\n"
    )
    rows = {"A1": "a", "A2": "b", "A5": "c"}
    table = {"part": {"rows": rows}, "not_built": {"A2": "why", "A4": "why"}}

    marked = conformance.proofs(tests)

    assert marked["A2"] == ["tests/test_it.py[one]"]
    assert list(conformance.wrong(table, marked)) == [
        "tests/test_it.py::test_it proves A3, which no line of the table names",
        "A4 is not built and not in the table either",
        "A5 has no test, and no reason why",
        "A2 counts as not built, but tests/test_it.py[one] proves it",
    ]


# ----------------------------------------------------------------------------- commands and options


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each program but the thin client's, which reads in its own way."""
    simulation = importlib.import_module("robson.sim.__main__")
    builders = [getattr(simulation, name, None) for name in ("parser", "_parser", "build")]
    [build] = filter(None, builders)
    return {"robsond": robsond.parser(), "robson-sim": build()}


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    found = {name for name in parser._option_string_actions if name.startswith("--")}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                found |= options_of(inner)
    return found


@cache
def known_options() -> frozenset[str]:
    """Return every option that a program or a script of this checkout takes."""
    scripts = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tools").iterdir() if path.is_file()
    )
    return frozenset(re.findall(r"--[a-z][a-z-]+", scripts)).union(
        *(options_of(parser) for parser in (cli_parser.build(), *parsers().values()))
    )


def options(text: str) -> list[str]:
    prose = re.sub(r"^```mermaid\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose)


def unknown_options(page: Path, text: str) -> Iterator[str]:
    if page == MISTAKES:
        return
    for option in options(text):
        if option not in known_options():
            yield f"{option} is no option of any program here"


def test_options_exist(record_property: Note) -> None:
    count = sum(len(options(text)) for text in pages().values())

    assert on_every_page(unknown_options) == []
    assert count
    record_property("note", f"docs: {count} options in text are options of a program")


def command_lines(text: str) -> list[str]:
    lines = (line.strip() for block in fences(text, "sh") for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def exists(command: str, arguments: list[str]) -> bool:
    if command.startswith("./"):
        return os.access(ROOT / command, os.X_OK)
    if command == "python":
        return bool(arguments) and (ROOT / arguments[0]).is_file()
    return command in BUILTINS or shutil.which(command) is not None


def wrong_arguments(program: str, arguments: list[str]) -> str | None:
    """Return what the program's own parser says against a command line."""
    try:
        match program:
            case "robson":
                cli_parser.parse(arguments)
            case "demo":
                cli_parser.parse(["demo", *arguments])
            case "robsond" | "robson-sim":
                parsers()[program].parse_args(arguments)
    except SystemExit:
        return f"{program} does not take {shlex.join(arguments)}"
    except Exception as refused:  # noqa: BLE001 - each program has an error of its own for this
        return str(refused)
    return None


def wrong_commands(_: Path, text: str) -> Iterator[str]:
    for line in command_lines(text):
        command, *arguments = shlex.split(line)
        if not exists(command, arguments):
            yield f"{line}: there is no {command}"
        elif command.startswith("./tools/") and (said := wrong_arguments(command[8:], arguments)):
            yield f"{line}: {said}"


def test_commands_can_be_typed(record_property: Note) -> None:
    count = sum(len(command_lines(text)) for text in pages().values())

    assert on_every_page(wrong_commands) == []
    assert count
    record_property("note", f"docs: {count} command lines begin with what exists, and parse")


# ------------------------------------------------------------------------------------------ records


def records() -> dict[str, str]:
    found = [path for path in RECORDS.glob("*.md") if path.name != "README.md"]
    return {path.name: path.read_text(encoding="utf-8") for path in found}


def wrong_record(name: str, text: str) -> Iterator[str]:
    if not re.match(rf"# {name[:4]} \S", text):
        yield "the title does not begin with its number"
    stated = re.search(r"^Status: (.+)$", text, flags=re.MULTILINE)
    if stated is None or not STATUS.match(stated[1]):
        yield "no status, or one that is not known"
    if re.findall(r"^## (.+)$", text, flags=re.MULTILINE) != SECTIONS:
        yield f"its sections are not {', '.join(SECTIONS)}"


def wrong_index(index: str, found: dict[str, str]) -> Iterator[str]:
    rows = dict(re.findall(r"^\| \[\d{4}\]\(([^)]+)\) \| (.+) \|$", index, flags=re.MULTILINE))
    for name, text in found.items():
        title = text.partition("\n")[0].removeprefix(f"# {name[:4]} ")
        status = STATUS.findall(text)[:1]
        if rows.pop(name, None) != f"{title} | {''.join(status)}":
            yield f"{name}: not in the index as '{title}', {''.join(status)}"
    yield from (f"{name} is in the index and not there" for name in rows)


def test_decision_records_are_whole(record_property: Note) -> None:
    found = records()
    index = (RECORDS / "README.md").read_text(encoding="utf-8")
    numbers = [name[:4] for name in found]

    assert [f"{n}: {w}" for n, text in found.items() for w in wrong_record(n, text)] == []
    assert list(wrong_index(index, found)) == []
    assert len(numbers) == len(set(numbers)) > 0
    record_property("note", f"docs: {len(found)} decision records, each number once")


# ----------------------------------------------------------------------------------------- glossary


@cache
def source() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "robson").rglob("*.py")
        if "_pb2" not in path.name
    )


def code_names(text: str) -> list[str]:
    """Return the names in the second column of the glossary's tables."""
    cells = re.findall(r"^\|[^|]+\|([^|]+)\|", text, flags=re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def strange_names(_: Path, text: str) -> Iterator[str]:
    for name in code_names(text):
        if not re.search(rf"\b{re.escape(name)}\b", source()):
            yield f"{name} is no name in the code"


def test_words_are_those_of_the_code(record_property: Note) -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+) \| `", text, flags=re.MULTILINE)

    assert list(strange_names(GLOSSARY, text)) == []
    assert len(terms) == len(set(terms)) > 0
    record_property("note", f"docs: {len(terms)} terms, {len(code_names(text))} names in the code")


# ------------------------------------------------------------------------------ the checks on trial

PLANTED: list[tuple[Callable[[Path, str], Iterator[str]], str]] = [
    (broken_links, "see [it](nowhere.md)\n"),
    (broken_links, "# Here\nsee [it](#there)\n"),
    (broken_links, "see [it](../../outside.md)\n"),
    (unknown_options, "give it `--no-such-option`\n"),
    (wrong_commands, "```sh\n./tools/no-such-tool\n```\n"),
    (wrong_commands, "```sh\nno-such-program --json\n```\n"),
    (wrong_commands, "```sh\npython tools/no_such.py\n```\n"),
    (wrong_commands, "```sh\n./tools/robson arm\n```\n"),
    (wrong_commands, "```sh\n./tools/robson status --wait active\n```\n"),
    (wrong_commands, "```sh\n./tools/demo --speed fast\n```\n"),
    (wrong_commands, "```sh\n./tools/robsond run --no-such-option\n```\n"),
    (wrong_commands, "```sh\n./tools/robson-sim world --no-such-option\n```\n"),
    (strange_names, "| word | `NoSuchClass` | means nothing |\n"),
    (lambda _, text: wrong_record("0001-a.md", text), "# 0002 Other\n\nStatus: accepted\n"),
    (lambda _, text: wrong_record("0001-a.md", text), "# 0001 It\n\nStatus: maybe\n"),
    (lambda _, text: wrong_index(text, {"0001-a.md": "# 0001 It\n\nStatus: accepted\n"}), ""),
    (lambda _, text: wrong_index(text, {}), "| [0001](0001-a.md) | It | accepted |\n"),
]


@pytest.mark.parametrize(("check", "text"), PLANTED, ids=range(len(PLANTED)))
def test_planted_breach_is_found(
    check: Callable[[Path, str], Iterator[str]], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(check(ROOT / "README.md", text))
    capsys.readouterr()  # a parser may have said why
