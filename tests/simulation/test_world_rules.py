"""Rules that only a world can ask about: each speaks in a sane life, and sees what is planted."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson.domain.identity import Purpose
from robson.domain.intents import PlaceOrder
from robson.domain.reports import Answer, ApiError
from robson.domain.values import Side
from robson.sim import lives
from robson.sim import world as worlds
from robson.sim.checks import WORLD_RULES, Checks
from robson.sim.plans import Plan
from robson.sim.runs import Outcome, live
from robson.sim.seams import WatchedExchange
from robson.sim.world import World
from tests.simulation.worlds import Script, plan

STOPS_AFTER_S = 20


def stopping() -> Plan:
    """One long that rests when the process is stopped in order."""
    one = plan(1, Side.LONG, severity="rough")
    quiet = attrs.evolve(one, severity="calm")
    (wish,) = quiet.wishes
    return attrs.evolve(quiet, wishes=(attrs.evolve(wish, stop_s=STOPS_AFTER_S),))


def rules_of(outcome: Outcome) -> set[str]:
    return {found.rule for found in outcome.violations}


def test_all_of_them_speak_in_a_life_that_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request for its stop is lost: what is told of that could hold a secret (S11)."""
    loses = Script(lost=Purpose.INSURANCE, request=True)
    monkeypatch.setattr(lives, "FaultPlan", lambda *_, **__: loses)
    outcome = live(stopping())

    assert outcome.violations == ()
    assert outcome.filled == 1
    assert {rule for rule in WORLD_RULES if not outcome.evaluated[rule]} == set()


def test_a_stop_that_is_taken_away_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = World._end

    def takes_it_away(world: World) -> None:
        market = world.exchange.market(world.instrument.symbol)
        for order in list(market.stops.values()):
            market.unrest(order)
        stop(world)

    monkeypatch.setattr(World, "_end", takes_it_away)
    assert "L6" in rules_of(live(stopping()))


def test_a_status_that_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "status_of", lambda *_: {"positions": []})
    assert "L7" in rules_of(live(stopping()))


def test_a_status_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> dict[str, Any]:
        raise LookupError("nowhere")

    monkeypatch.setattr(worlds, "status_of", raises)
    assert "L7" in rules_of(live(stopping()))


def test_a_secret_in_a_refusal_that_is_written_down() -> None:
    class Telling(WatchedExchange):
        """An exchange whose refusals repeat the signed request."""

        def handle(self, *args: Any, **times: Any) -> Answer:
            answer = super().handle(*args, **times)
            if isinstance(args[0], PlaceOrder):
                return ApiError(status=400, code=-1013, message=f"&signature={secret[0]}")
            return answer

    secret: list[str] = []

    def observed(world: World, checks: Any) -> Any:
        secret.append(world.secret)
        return checks

    assert "S11" in rules_of(live(stopping(), exchange=Telling, observed=observed))


def test_a_life_that_never_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    healed = Checks.healed
    monkeypatch.setattr(
        Checks, "healed", lambda checks, ceased_ns, _: healed(checks, ceased_ns, None)
    )
    assert "L2" in rules_of(live(stopping()))


class FallsOver(WatchedExchange):
    """An exchange with a defect of its own: it falls over at the first order."""

    def handle(self, request: Any, **when: Any) -> Answer:
        if isinstance(request, PlaceOrder):
            raise ZeroDivisionError("planted")
        return super().handle(request, **when)


def test_an_exchange_that_falls_over_is_a_finding_of_its_seed() -> None:
    outcome = live(stopping(), exchange=FallsOver)

    (found,) = [one for one in outcome.violations if one.rule == "B2"]
    assert found.message == "outside the daemon, ZeroDivisionError: planted"
