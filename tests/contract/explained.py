"""What `robson explain` says when a bad situation is over: from journals that were really lived."""

from __future__ import annotations

from robson.api.document.answers import explain as document_of
from robson.api.published import JournalRow
from robson.api.translate import positions, records, status
from robson.api.translate.values import stamp
from robson.api.v1 import robson_pb2 as pb
from robson.cli.screens.facts import Doc
from robson.domain.commands import Panic
from robson.domain.identity import PositionId, Purpose
from robson.domain.values import ExchangeNs, Side
from robson.sim.window import published_by
from robson.store.codec import encode
from tests.simulation import test_testimony as testimony
from tests.simulation.worlds import Bench, Script
from tests.unit.cli.screens.documents import numbers


def told(bench: Bench) -> Doc:
    """The document of ``robson explain`` of the one position of a bench."""
    world, view = bench.world, bench.view
    seen = published_by(world.monitor, "main", world.began_ns)
    rows = []
    for row in world.journal.read():
        if getattr(row.event, "position", None) == view.id:
            kind, payload = encode(row.event)
            rows.append(
                JournalRow(
                    seq=row.seq,
                    epoch=row.epoch,
                    at_ns=ExchangeNs(row.event.at_ns),
                    kind=kind,
                    payload_json=payload,
                    position=PositionId(view.id),
                )
            )
    message = pb.ExplainResponse(
        as_of=stamp(seen.now_ns),
        daemon=status.daemon(seen.daemon),
        position=positions.position(view, seen),
        rows=[records.journal_row(row) for row in rows],
    )
    return numbers(document_of(message, "unix:///run/robson/robsond.sock"))


def entry_found() -> Doc:
    """The entry's answer was lost, and the exchange denied it for a while."""
    bench = Bench([], faults=Script(lost=Purpose.ENTRY, hidden_s=3))
    bench.active(Side.LONG)
    return told(bench)


def exit_repeated() -> Doc:
    """The exit was lost on its way: its absence was proved, and another one sent."""
    bench = Bench([], seconds=300, faults=Script(lost=Purpose.EXIT, request=True))
    bench.active(Side.LONG)
    bench.world.ask(Panic(actor="ops@edge-1"))
    bench.settled()
    return told(bench)


def closed_by_evidence() -> Doc:
    """Gone by two orders of somebody else, and closed by the trades that a person brought."""
    bench = testimony.unexplained(Side.LONG)
    both = testimony.trades(bench, "web_1", "web_3")
    testimony.said(bench, testimony.closing(bench, both))
    bench.settled()
    return told(bench)


def error_resolved() -> Doc:
    """In error, and active after all."""
    bench = testimony.in_error(testimony.held())
    testimony.said(bench, testimony.resolving(bench, "active"))
    return told(bench)
