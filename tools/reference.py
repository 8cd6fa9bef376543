"""The reference pages of what others build on: the gRPC interface and the metrics.

The interface comes from the comments of the proto and the table of roles, the metrics from the
table that they are exported by. Written and checked by tools/docs.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from google.protobuf import descriptor_pb2 as d
from grpc_tools import protoc  # type: ignore[import-untyped]
from pages import made_from, paragraph, table

from robson.api.errors import ROWS as ERRORS
from robson.api.interceptors import MAX_STREAMS, ROLE_OF
from robson.api.server import MAX_REQUEST_BYTES, PANIC_WORKERS, WORKERS
from robson.daemon.meters import ROWS as METRICS

ROOT = Path(__file__).resolve().parent.parent
PROTO = "robson/api/v1/robson.proto"
Path_ = tuple[int, ...]
Field = d.FieldDescriptorProto

# Numbers of fields in descriptor.proto: source comments are found by them.
_MESSAGE, _ENUM, _SERVICE, _SYNTAX = 4, 5, 6, 12
_FIELD, _VALUE, _METHOD = 2, 2, 2


def compiled() -> d.FileDescriptorProto:
    """The proto with the comments of its source."""
    include = Path(sys.modules["grpc_tools"].__file__ or "").with_name("_proto")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        words = [f"-I{ROOT / 'protos'}", f"-I{include}", "--include_source_info", f"-o{out}"]
        if protoc.main(["protoc", *words, PROTO]) != 0:
            raise SystemExit(f"{PROTO} does not compile")
        return d.FileDescriptorSet.FromString(out.read_bytes()).file[0]


def _comments(file: d.FileDescriptorProto) -> dict[Path_, str]:
    return {
        tuple(each.path): each.leading_comments
        for each in file.source_code_info.location
        if each.leading_comments
    }


def _line(comment: str) -> str:
    """A comment as one cell of a table."""
    return " ".join(comment.split()).replace("|", "\\|")


def _conventions(comment: str) -> Iterator[str]:
    """The comment above everything: its paragraph, its heading, its points."""
    for line in comment.rstrip().splitlines():
        if line.startswith("   * "):
            yield f"- {line[5:]}"
        else:
            yield f"  {line.strip()}" if line.startswith("     ") else line.strip()
        if line.endswith("said once:"):
            yield ""


# --- the interface -------------------------------------------------------------------------------


class _Page:
    """One file's descriptor as Markdown."""

    def __init__(self, file: d.FileDescriptorProto) -> None:
        self.file = file
        self.said = _comments(file)

    def lines(self) -> Iterator[str]:
        yield from _conventions(self.said[(_SYNTAX,)])
        yield from ("", "## Calls", "", _limits(), "")
        head = ("Call", "Asks with", "Answers with", "Least role", "Meaning")
        yield from (*table(*head, rows=list(self._calls())), "", "## Messages", "")
        for index, message in enumerate(self.file.message_type):
            yield from self._message((_MESSAGE, index), message)
        yield from ("## Enumerations", "")
        for index, enum in enumerate(self.file.enum_type):
            yield from self._enum((_ENUM, index), enum)
        yield from ("## Errors", "")
        yield from ("The code stands in the metadata and at the beginning of the status' text.", "")
        errors = [(f"`{row.code}`", row.status, str(row.exit)) for row in ERRORS]
        yield from table("Code", "gRPC status", "Exit code of `robson`", rows=errors)

    def _calls(self) -> Iterator[tuple[str, ...]]:
        for index, method in enumerate(self.file.service[0].method):
            answers = _link(method.output_type)
            yield (
                f"`{method.name}`",
                _link(method.input_type),
                f"a stream of {answers}" if method.server_streaming else answers,
                ROLE_OF[method.name],
                _line(self.said[(_SERVICE, 0, _METHOD, index)]),
            )

    def _message(self, path: Path_, message: d.DescriptorProto) -> Iterator[str]:
        yield from (f"### {message.name}", "", _line(self.said[path]), "")
        rows = [
            (
                f"`{field.name}`",
                str(field.number),
                _type(field),
                _line(self.said[(*path, _FIELD, i)]),
            )
            for i, field in enumerate(message.field)
        ]
        if rows:
            yield from (*table("Field", "Number", "Type", "Meaning", rows=rows), "")

    def _enum(self, path: Path_, enum: d.EnumDescriptorProto) -> Iterator[str]:
        rows = [
            (f"`{value.name}`", str(value.number), _line(self.said[(*path, _VALUE, i)]))
            for i, value in enumerate(enum.value)
        ]
        yield from (f"### {enum.name}", "", _line(self.said[path]), "")
        yield from (*table("Value", "Number", "Meaning", rows=rows), "")


def _limits() -> str:
    return paragraph(
        f"A request has at most {MAX_REQUEST_BYTES // 1024} KiB; a larger one is",
        f"RESOURCE_EXHAUSTED. {WORKERS} threads answer. At most {MAX_STREAMS} streams are open at",
        "once; a further one is RESOURCE_EXHAUSTED.",
        f"`Panic` has {PANIC_WORKERS} threads of its own and is never refused for load. A command",
        "whose caller goes away is carried out. Roles count on the TCP door; whoever may open the",
        "socket may do everything.",
    )


def _link(type_name: str) -> str:
    name = type_name.rpartition(".")[2]
    if not type_name.startswith(".robson."):
        return f"`{name}`"
    return f"[{name}](#{name.lower()})"


_SCALARS: Mapping[int, str] = {
    Field.TYPE_STRING: "text",
    Field.TYPE_BOOL: "true or false",
    Field.TYPE_INT32: "whole number",
    Field.TYPE_INT64: "whole number",
}


def _type(field: Field) -> str:
    one = _link(field.type_name) if field.type_name else _SCALARS[field.type]
    if field.label == Field.LABEL_REPEATED:
        return f"list of {one}"
    return f"{one}, or absent" if field.proto3_optional else one


def api_page() -> str:
    """docs/reference/api.md."""
    first = (made_from(f"protos/{PROTO}"), "", "# The gRPC interface", "")
    return "\n".join((*first, *_Page(compiled()).lines(), ""))


# --- the metrics ---------------------------------------------------------------------------------


def metrics_page() -> str:
    """docs/reference/metrics.md."""
    rows = [
        (
            f"`{row.name}`",
            row.kind,
            ", ".join(f"`{label}`" for label in row.labels),
            _line(row.meaning),
        )
        for row in METRICS
    ]
    said = paragraph(
        f"{len(METRICS)} metrics in Prometheus' text format at `/metrics` of the health door, and",
        "beside them the `process_*` ones (memory, descriptors, processor time). A metric stands",
        "here only when something in the daemon feeds it. Counters begin at zero with each",
        "process. The labels of a position go when it holds nothing any more.",
    )
    lines = (said, "", *table("Metric", "Kind", "Labels", "Meaning", rows=rows), "")
    return "\n".join((made_from("robson/daemon/meters.py"), "", "# Metrics", "", *lines))
