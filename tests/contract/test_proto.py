"""The proto stays what clients were built against, and says what everything in it means."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2 as d
from google.protobuf import timestamp_pb2
from grpc_tools import protoc

from robson.api.v1 import robson_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "protos" / "robson" / "api" / "v1" / "robson.proto"
RELEASED = Path(__file__).with_name("robson.v1.binpb")
INCLUDE = Path(sys.modules["grpc_tools"].__file__ or "").with_name("_proto")


def _compiled(*options: str) -> d.FileDescriptorProto:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        code = protoc.main(
            ["protoc", f"-I{ROOT / 'protos'}", f"-I{INCLUDE}", f"-o{out}", *options, str(PROTO)]
        )
        assert code == 0
        return d.FileDescriptorSet.FromString(out.read_bytes()).file[0]


def _released() -> d.FileDescriptorProto:
    if os.environ.get("ROBSON_GOLDEN") == "write":
        RELEASED.write_bytes(d.FileDescriptorSet(file=[_compiled()]).SerializeToString())
    return d.FileDescriptorSet.FromString(RELEASED.read_bytes()).file[0]


def test_nothing_that_was_released_has_changed_its_number_or_its_type() -> None:
    now, before = _shape(_compiled()), _shape(_released())

    assert len(before) > 300, "the released descriptor holds the interface"
    for name, shape in before.items():
        assert now.get(name) == shape, f"{name} was {shape}, is {now.get(name)}"


def _shape(file: d.FileDescriptorProto) -> dict[str, Any]:
    """Everything a client relies on, by its full name."""
    shape: dict[str, Any] = {}
    for message in file.message_type:
        for field in message.field:
            shape[f"{message.name}.{field.name}"] = (
                field.number,
                field.type,
                field.label,
                field.type_name,
                field.proto3_optional,
            )
    for enum in file.enum_type:
        for value in enum.value:
            shape[f"{enum.name}.{value.name}"] = value.number
    for service in file.service:
        for method in service.method:
            shape[f"{service.name}/{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return shape


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda file: file.message_type[0].field[0].ClearField("name"), True),
        (lambda file: setattr(file.message_type[0].field[0], "number", 99), True),
        (lambda file: setattr(file.message_type[0].field[0], "type", 5), True),
        (lambda file: file.service[0].method.pop(), True),
        (lambda file: file.enum_type[0].value.pop(), True),
        (lambda file: file.message_type[0].field.add(name="new", number=99, type=9), False),
    ],
    ids=["renamed", "renumbered", "retyped", "method gone", "value gone", "field added"],
)
def test_the_comparison_sees_what_breaks_a_client(change: Any, *, broken: bool) -> None:
    file = _compiled()
    before = _shape(file)
    change(file)
    now = _shape(file)

    assert any(now.get(name) != shape for name, shape in before.items()) is broken


def _judged_by_buf(now: d.FileDescriptorProto, folder: Path) -> subprocess.CompletedProcess[str]:
    """What another tool, with rules of its own, finds broken since the release."""
    known = d.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(known)
    names = {"now.binpb": now, "released.binpb": _released()}
    for name, file in names.items():
        whole = d.FileDescriptorSet(file=[known, file])
        (folder / name).write_bytes(whole.SerializeToString())
    buf = Path(sys.executable).with_name("buf")
    return subprocess.run(
        [buf, "breaking", "now.binpb", "--against", "released.binpb"],
        cwd=folder,
        env=os.environ | {"BUF_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_buf_finds_nothing_broken_and_sees_what_is(tmp_path: Path) -> None:
    whole = _judged_by_buf(_compiled(), tmp_path)
    assert (whole.returncode, whole.stdout) == (0, ""), whole.stdout + whole.stderr

    file = _compiled()
    file.message_type[0].field[0].type = d.FieldDescriptorProto.TYPE_BOOL
    broken = _judged_by_buf(file, tmp_path)
    assert broken.returncode == 100
    assert "changed type" in broken.stdout


def test_the_generated_code_is_of_this_proto() -> None:
    generated = d.FileDescriptorProto()
    pb.DESCRIPTOR.CopyToProto(generated)

    assert _shape(generated) == _shape(_compiled())


def test_every_enum_begins_with_unspecified() -> None:
    for enum in _compiled().enum_type:
        assert enum.value[0].number == 0
        assert enum.value[0].name.endswith("_UNSPECIFIED"), enum.name


def test_no_number_travels_in_binary_floating_point() -> None:
    floating = (d.FieldDescriptorProto.TYPE_DOUBLE, d.FieldDescriptorProto.TYPE_FLOAT)
    fields = [field for message in _compiled().message_type for field in message.field]

    assert len(fields) > 200
    assert not [field.name for field in fields if field.type in floating]


def test_everything_has_a_comment() -> None:
    file = _compiled("--include_source_info")
    said = {
        tuple(each.path): each.leading_comments.strip() for each in file.source_code_info.location
    }
    silent = [name for path, name in _paths(file) if not said.get(path)]

    assert len(list(_paths(file))) > 300
    assert not silent


def _paths(file: d.FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Where each thing of a file stands in its source information."""
    for i, message in enumerate(file.message_type):
        yield (4, i), message.name
        for j, field in enumerate(message.field):
            yield (4, i, 2, j), f"{message.name}.{field.name}"
    for i, enum in enumerate(file.enum_type):
        yield (5, i), enum.name
        for j, value in enumerate(enum.value):
            yield (5, i, 2, j), value.name
    for i, service in enumerate(file.service):
        yield (6, i), service.name
        for j, method in enumerate(service.method):
            yield (6, i, 2, j), method.name
