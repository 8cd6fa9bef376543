"""A world runs the daemon's own classes: the very objects, not others of the same name."""

from __future__ import annotations

from robson.daemon import app, lane, monitor, simulated
from robson.domain import position
from robson.sim import seams
from robson.sim.lives import Lives
from robson.sim.plans import plan_of


def test_the_classes_of_a_world_are_the_daemons() -> None:
    lives = Lives(plan_of(1, 1))
    lives.run()
    world = lives.world
    custody = world.monitor.custody
    board = custody.markets[world.symbol].board

    assert world.steps > 10
    assert type(world.monitor) is app.Monitor
    assert type(custody) is app.Custody
    assert type(custody.roster) is app.Roster
    assert type(board) is simulated.TickBoard
    assert type(custody.markets[world.symbol]) is simulated.Market
    assert type(world.driver) is simulated.Driver
    for name in ("classify", "refuses", "not_sent", "Fence"):
        assert getattr(seams, name) is getattr(lane, name), name


def test_no_part_of_the_monitor_is_replaced() -> None:
    """What the monitor is made of comes from where the daemon's comes from."""
    world = Lives(plan_of(1, 1)).world
    world.start()
    own = vars(world.monitor).values()
    parts = {type(part) for part in own if type(part).__module__.startswith("robson")}

    assert len(parts) >= 6
    assert all(not part.__module__.startswith("robson.sim") for part in parts)
    assert type(world.monitor).step is monitor.Monitor.step
    assert world.monitor.roster._of.__self__ is world.monitor.roster
    assert position.Position.apply.__module__ == "robson.domain.position"
