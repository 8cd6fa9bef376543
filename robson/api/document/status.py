"""The daemon block, and the document of ``robson status``."""

from __future__ import annotations

from robson.api.document.gates import gate
from robson.api.document.position import optional, position
from robson.api.document.text import Document, enum_word, number, when, word
from robson.api.v1 import robson_pb2 as pb


def daemon(message: pb.Daemon, door: str) -> Document:
    """Who answered, and by which door it was reached."""
    return {
        "profile": message.profile,
        "account": message.account,
        "door": door,
        "version": message.version,
        "instance_id": message.instance_id,
        "epoch": message.epoch,
        "runtime_state": enum_word(pb.RuntimeState, "RUNTIME_STATE", message.runtime_state),
        "runtime_change": _change(message.runtime_change)
        if message.HasField("runtime_change")
        else None,
        "started_at": when(message, "started_at"),
        "tape": word(message.tape),
        "leader": [
            {"key": each.key, "epoch": each.epoch, "expires_in_s": number(each.expires_in_s)}
            for each in message.leases
        ],
        "degraded": [
            {
                "scope": each.scope,
                "reason": each.reason,
                "since": when(each, "since"),
                "code": word(each.code),
                "auto_clear": each.auto_clear,
            }
            for each in message.degraded
        ],
        "reconciliation_blockers": list(message.reconciliation_blockers),
        "feed": [
            {
                "symbol": each.symbol,
                "source": enum_word(pb.FeedSource, "FEED_SOURCE", each.source),
                "age_ms": optional(each, "age_ms"),
            }
            for each in message.feeds
        ],
        "journal": {
            "seq": message.journal.seq,
            "replicated_seq": optional(message.journal, "replicated_seq"),
            "lag_s": number(message.journal.lag_s),
            "replication": word(message.journal.replication),
        },
        "clock_skew_ms": optional(message, "clock_skew_ms"),
        "exchange": {
            "silent_since": when(message.exchange, "silent_since"),
            "unanswered": message.exchange.unanswered,
            "refused": message.exchange.refused or None,
        },
        "disk": _disk(message.disk) if message.HasField("disk") else None,
        "insurance": {"enabled": not message.uninsured},
        "observes": message.observes,
    }


def _disk(message: pb.Disk) -> Document:
    return {
        "free_mib": message.free_mib,
        "warn_mib": message.warn_mib,
        "entry_mib": message.entry_mib,
    }


def _change(message: pb.RuntimeChange) -> Document:
    return {
        "reason": word(message.reason),
        "actor": word(message.actor),
        "since": when(message, "since"),
    }


def status(message: pb.GetStatusResponse, door: str) -> Document:
    """``robson.status/1``."""
    summary = message.summary
    return {
        "schema": "robson.status/1",
        "as_of": when(message, "as_of"),
        "positions": [position(each) for each in message.positions],
        "summary": {
            "active_count": summary.active_count,
            "armed_count": summary.armed_count,
            "closed_today_count": summary.closed_today_count,
            "total_pnl_today": number(summary.total_pnl_today),
            "entering_count": summary.entering_count,
            "exiting_count": summary.exiting_count,
            "error_count": summary.error_count,
        },
        "risk": limits(message.risk),
        "daemon": daemon(message.daemon, door),
    }


def risk(message: pb.GetRiskResponse, door: str) -> Document:
    """``robson.risk/1``."""
    return {
        "schema": "robson.risk/1",
        "as_of": when(message, "as_of"),
        "risk": limits(message.risk),
        "daemon": daemon(message.daemon, door),
    }


def limits(message: pb.Risk) -> Document:
    """Budget, limits and gates."""
    return {
        "asset": word(message.asset),
        "capital_base": number(message.capital_base),
        "budget": number(message.budget),
        "consumed": number(message.consumed),
        "latent": number(message.latent),
        "remaining": number(message.remaining),
        "slots": message.slots,
        "daily": {
            "pnl": number(message.daily.pnl),
            "limit": number(message.daily.limit),
            "trades": message.daily.trades,
            "trades_limit": message.daily.trades_limit or None,
            "trades_warn": message.daily.trades_warn or None,
            "resets_at": when(message.daily, "resets_at"),
        },
        "halt": {
            "is": getattr(message.halt, "is"),
            "reason": word(message.halt.reason),
            "since": when(message.halt, "since"),
            "actor": word(message.halt.actor),
        },
        "open_positions": {
            "value": message.open_positions.value,
            "limit": message.open_positions.limit,
        },
        "max_leverage": message.max_leverage,
        "month_resets_at": when(message, "month_resets_at"),
        "gates": [gate(each) for each in message.gates],
        "alerts": [
            {
                "line_pct": number(each.line_pct),
                "loss": number(each.loss),
                "reached_at": when(each, "reached_at"),
            }
            for each in message.alerts
        ],
        "credit": [
            {
                "symbol": each.symbol,
                "asset": each.asset,
                "amount": number(each.amount),
                "read_at": when(each, "read_at"),
            }
            for each in message.credit
        ],
    }
