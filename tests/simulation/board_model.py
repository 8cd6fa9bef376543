"""Runs the shipped board and the shipped turn of the monitor, one access to shared state at a time.

Their source is taken as it is, and every load, store, call and lock of shared state becomes a point
at which the other thread may go on. From there every interleaving is explored; two of them are one
where the shared state is the same and both threads have read the same, because then nothing that
follows can differ.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Generator, Iterable, Iterator
from types import FunctionType, SimpleNamespace
from typing import Any

from robson.daemon import prices, ticks
from robson.daemon.ticks import TickBoard

Step = tuple[Any, ...]
Thread = Generator[Step, Any, Any]
METHODS = frozenset(
    {"offer", "_capture", "_coalesce", "hold", "take_or_publish", "put_up", "take_down"}
)
TURNS = ("wires_down", "hold", "judge", "wires_up")
"""Of the monitor's side, in the order of a step."""
FEED, MONITOR = 0, 1


# --- the source, with a point at every access ----------------------------------------------------


class Pointed(ast.NodeTransformer):
    """Turns accesses to the attributes of some names into points: ``yield (kind, owner, name)``."""

    def __init__(self, shared: frozenset[str]) -> None:
        self._shared = shared
        self.points = 0

    def _of_shared(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in self._shared
        )

    def _point(self, kind: str, owner: str, name: str) -> ast.Yield:
        self.points += 1
        loaded = ast.Name(owner, ast.Load())
        return ast.Yield(ast.Tuple([ast.Constant(kind), loaded, ast.Constant(name)], ast.Load()))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if self._of_shared(node) and isinstance(node.ctx, ast.Load):
            assert isinstance(node.value, ast.Name)
            return self._point("load", node.value.id, node.attr)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = node.func
        if isinstance(called, ast.Attribute) and self._of_shared(called):
            if called.attr in METHODS:
                self.points += 1
                node.args = [self.visit(arg) for arg in node.args]
                node.keywords = [self.visit(word) for word in node.keywords]
                return ast.YieldFrom(node)
        elif isinstance(called, ast.Attribute) and self._of_shared(called.value):
            # A method of a shared object: the object is loaded, then the method is called.
            assert isinstance(called.value, ast.Attribute)
            assert isinstance(called.value.value, ast.Name)
            point = self._point("call", called.value.value.id, called.attr)
            args = [self.visit(called.value), ast.Constant(called.attr)]
            args += [ast.Tuple([self.visit(arg) for arg in node.args], ast.Load()), point]
            return ast.Call(ast.Name("_invoke", ast.Load()), args, [])
        self.generic_visit(node)
        return node

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        (item,) = node.items
        assert self._of_shared(item.context_expr), "only the board's lock is expected here"
        assert isinstance(item.context_expr, ast.Attribute)
        assert isinstance(item.context_expr.value, ast.Name)
        owner, name = item.context_expr.value.id, item.context_expr.attr
        body = [part for inner in node.body for part in self._statement(inner)]
        loaded = ast.Name(owner, ast.Load())
        released = ast.Call(ast.Name("_release", ast.Load()), [loaded], [])
        release: list[ast.stmt] = [ast.Expr(released)]
        taken = ast.Expr(self._point("lock", owner, name))
        return [taken, ast.Try(body, [], [], release)]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        done = self.visit(node)
        return done if isinstance(done, list) else [done]

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        (target,) = node.targets
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        if not any(self._of_shared(each) for each in targets):
            self.generic_visit(node)
            return [node]
        value = ast.Tuple([self.visit(node.value)], ast.Load())
        if isinstance(target, ast.Tuple):
            value = self.visit(node.value)
        lines: list[ast.stmt] = [ast.Assign([ast.Name("_values", ast.Store())], value)]
        for place, each in enumerate(targets):
            if self._of_shared(each):
                assert isinstance(each, ast.Attribute)
                assert isinstance(each.value, ast.Name)
                lines.append(ast.Expr(self._point("store", each.value.id, each.attr)))
            one = ast.Subscript(ast.Name("_values", ast.Load()), ast.Constant(place), ast.Load())
            lines.append(ast.Assign([each], one))
        return lines


def _invoke(owner: Any, name: str, args: tuple[Any, ...], _point: Any) -> Any:
    return getattr(owner, name)(*args)


def _release(board: Any) -> None:
    """The lock is let go; no point, because nobody can tell this from the access before it."""
    board.model.owner = None


def pointed_board() -> tuple[type[TickBoard], int]:
    """The shipped class with points in its methods, and how many there are."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(TickBoard)))
    pointing = Pointed(frozenset({"self"}))
    (whole,) = tree.body
    assert isinstance(whole, ast.ClassDef)
    for place, part in enumerate(whole.body):
        if isinstance(part, ast.FunctionDef) and part.name in METHODS:
            whole.body[place] = pointing.visit(part)
    space = dict(vars(ticks)) | {"_invoke": _invoke, "_release": _release}
    exec(compile(ast.fix_missing_locations(tree), ticks.__file__, "exec"), space)
    return space["TickBoard"], pointing.points


def pointed_turns() -> tuple[dict[str, FunctionType], int]:
    """What the monitor's side does, with points where it touches the board."""
    pointing, found = Pointed(frozenset({"board"})), {}
    for name in TURNS:
        shipped = getattr(prices.Prices, name)
        tree = ast.parse(textwrap.dedent(inspect.getsource(shipped)))
        pointing.visit(tree)
        space = dict(vars(prices)) | {"_invoke": _invoke, "_release": _release}
        exec(compile(ast.fix_missing_locations(tree), prices.__file__, "exec"), space)
        found[name] = space[name]
    return found, pointing.points


# --- one run, step by step -----------------------------------------------------------------------


class Run:
    """A board, a feed with its tape, and a monitor with its messages, each stopped at a point.

    ``machine`` has ``band()``, ``wires()``, ``judge(tick, left)``, ``key()``, and a method for each
    message but ``wake``, ``start``, and ``another``: that of another symbol.
    """

    def __init__(
        self,
        board: type[TickBoard],
        turns: dict[str, FunctionType],
        tape: Iterable[int],
        machine: Any,
        messages: tuple[str, ...],
    ) -> None:
        self.board: Any = board()
        self.board.model = self
        self.machine = machine
        self.messages = list(messages)
        self.owner: int | None = None
        self._read: list[list[Any]] = [[], []]
        self._steps = [0, 0]
        self._turns = turns
        self.threads: list[Thread | None] = [self._feed(tape), self._monitor()]
        self.pending: list[Step | None] = [None, None]
        for which in (FEED, MONITOR):
            self._resume(which, None)

    def _feed(self, tape: Iterable[int]) -> Thread:
        for number, price in enumerate(tape):
            self._forget(FEED, number)
            if (yield from self.board.offer(price, number, jump=True)):
                yield ("wake", self.board, "")

    def _monitor(self) -> Thread:
        fake = SimpleNamespace(
            _custody=SimpleNamespace(markets={"X": SimpleNamespace(board=self.board)}),
            _lookout=SimpleNamespace(band=lambda _symbol: self.machine.band()),
            _judge=lambda _symbol, tick, _side, left=None: self.machine.judge(tick, left),
        )
        while True:
            self._forget(MONITOR, 0)
            message = yield ("wait", self.board, "")
            fake._lookout.wires = self.machine.wires()
            yield from self._turns["wires_down"](fake)
            if message != "another":
                yield from self._turns["hold"](fake, "X")
                if message not in ("wake", "start"):
                    getattr(self.machine, message)()
                while (yield from self._turns["judge"](fake, "X")):
                    pass
            fake._lookout.wires = self.machine.wires()
            yield from self._turns["wires_up"](fake)

    def _forget(self, which: int, place: int) -> None:
        """Nothing that the thread has read so far matters any more, only where it is."""
        self._read[which] = [place]
        self._steps[which] = 0

    # --- the scheduler's side --------------------------------------------------------------------

    def enabled(self) -> list[int]:
        """Threads that can go on."""
        return [which for which in (FEED, MONITOR) if self._can(self.pending[which], which)]

    def _can(self, step: Step | None, which: int) -> bool:
        if step is None or (step[0] == "wait" and not self.messages):
            return False
        return step[0] != "lock" or self.owner in (None, which)

    def go(self, which: int) -> None:
        """Let one access happen."""
        step = self.pending[which]
        assert step is not None
        self._steps[which] += 1
        kind, owner, name = step
        value: Any = None
        if kind == "load":
            value = getattr(owner, name)
            self._read[which].append(value)
        elif kind == "lock":
            self.owner = which
        elif kind == "wait":
            value = self.messages.pop(0)
            self._read[which].append(value)
        elif kind == "wake":
            self.messages.append("wake")
        self._resume(which, value)

    def _resume(self, which: int, value: Any) -> None:
        thread = self.threads[which]
        assert thread is not None
        try:
            self.pending[which] = thread.send(value)
        except StopIteration:
            self.pending[which] = self.threads[which] = None

    def _of(self, value: Any) -> Any:
        """A value as it matters: a list by whether it is still the board's, and what is in it."""
        if isinstance(value, list):
            return value is self.board._captured, tuple(at_ns for _, at_ns, _, _ in value)
        if isinstance(value, ticks.Tripwire):
            return value.low, value.high
        return value

    def key(self) -> Any:
        """Two runs with one key can only go on alike."""
        board = self.board
        marks = (board._band, board._last, board._handed, self._of(board._wire), board._left)
        shared = (*marks, self.owner, self._of(board._captured))
        read = tuple(tuple(self._of(value) for value in values) for values in self._read)
        place = tuple(step and step[0::2] for step in self.pending)
        return shared, tuple(self.messages), self.machine.key(), read, place, tuple(self._steps)


def explore(make: Callable[[], Run]) -> Iterator[Run]:
    """Every way in which the two threads can take turns; gives each run that came to its end."""
    seen: set[Any] = set()
    prefixes: list[list[int]] = [[]]
    while prefixes:
        prefix = prefixes.pop()
        run = make()
        for which in prefix:
            run.go(which)
        path = list(prefix)
        while choices := run.enabled():
            if len(choices) > 1:
                key = hash(run.key())
                if key in seen:
                    break
                seen.add(key)
                prefixes.append([*path, choices[1]])
            run.go(choices[0])
            path.append(choices[0])
        else:
            yield run
