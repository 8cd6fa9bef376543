"""Which detector a strategy asks for."""

from __future__ import annotations

from robson.domain.strategy import DetectorKind, StrategyConfig
from robson.domain.values import Side
from robson.engine.detectors.immediate import Immediate
from robson.engine.detectors.ma_crossover import MaCrossover
from robson.engine.detectors.manual import Manual
from robson.engine.detectors.protocol import Detector


def detector_for(strategy: StrategyConfig, side: Side | None) -> Detector:
    """Build the detector of a position.

    Args:
        strategy: the snapshot the position lives by.
        side: what the user named; None for the strategy's own bias, which may leave it open.
    """
    chosen = side if side is not None else strategy.bias
    if strategy.detector is DetectorKind.IMMEDIATE:
        return Immediate(chosen)
    if strategy.detector is DetectorKind.MANUAL:
        return Manual()
    return MaCrossover(fast=strategy.fast, slow=strategy.slow, side=chosen)
