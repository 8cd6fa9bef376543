"""What must never be otherwise: laws as pure functions, and the audit that asks them.

A law speaks after an event, or before a request leaves. The daemon's simulated profile and the
simulated worlds construct the same audit; ids are those of the reliability design.
"""

from __future__ import annotations

from robson.engine.invariants.audit import Audit, Violation
from robson.engine.invariants.rules import RULES
from robson.engine.invariants.terms import Memory, Notes, Truth

__all__ = ["RULES", "Audit", "Memory", "Notes", "Truth", "Violation"]
