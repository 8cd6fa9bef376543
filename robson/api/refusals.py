"""From what went wrong to what a caller is told: one code, one gRPC status, details as JSON.

A refusal says what it measured; a defect says nothing but that it is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

import grpc

from robson.api.errors import HEADER, row_of
from robson.domain.errors import InvalidValue, Refused

_LONGEST_MESSAGE = 1000
_LONGEST_DETAIL = 600


def abort(
    context: grpc.ServicerContext, code: str, message: str, details: Mapping[str, str] | None = None
) -> NoReturn:
    """End a call with an error from the table."""
    row = row_of(code)
    short = {name: value[:_LONGEST_DETAIL] for name, value in (details or {}).items()}
    text = json.dumps({"code": row.code, "message": message[:_LONGEST_MESSAGE], "details": short})
    context.set_trailing_metadata(((HEADER, text),))
    context.abort(grpc.StatusCode[row.status], f"{row.code}: {message[:_LONGEST_MESSAGE]}")


def abort_with(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """End a call with what a handler raised; an unknown exception is a defect of ours."""
    match error:
        case Refused():
            abort(context, error.code, error.message, dict(error.numbers))
        case InvalidValue():
            abort(context, "INVALID_ARGUMENT", f"{error}.")
        case TimeoutError():
            abort(
                context,
                "PENDING",
                "The command was taken, and its outcome was not seen in time.",
            )
        case _:
            abort(context, "INTERNAL", "robsond could not answer; its log says why.")
