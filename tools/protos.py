"""Generates the gRPC code in robson/api/v1 from protos/, and proves that the two are in sync.

The generated files are committed, so that nobody needs a compiler to run Robson.
Usage: python tools/protos.py [--check]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GENERATED = ROOT / "robson" / "api" / "v1"
# The path below protos/ is the import path: protoc then writes correct absolute imports.
SOURCES = PROTOS / GENERATED.relative_to(ROOT)


def generate(into: Path) -> int:
    """Write the code of every .proto below `into`, and return how many there were."""
    sources = sorted(SOURCES.glob("*.proto"))
    if sources:
        outputs = [f"--{kind}_out={into}" for kind in ("python", "pyi", "grpc_python")]
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *outputs]
        subprocess.run([*command, *map(str, sources)], check=True)
    return len(sources)


def generated_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*_pb2*.py*"))}


def check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        count = generate(Path(folder))
        wanted = generated_in(Path(folder) / GENERATED.relative_to(ROOT))
    found = generated_in(GENERATED)
    stale = sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )
    if stale:
        print(f"out of sync with protos/: {', '.join(stale)}; run: python tools/protos.py")
        return 1
    print(f"{len(found)} generated files in sync with {count} protos")
    return 0


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["--check"]:
            return check()
        if arguments:
            print("usage: python tools/protos.py [--check]", file=sys.stderr)
            return 64
        print(f"generated from {generate(ROOT)} protos")
    except subprocess.CalledProcessError as error:  # protoc has already said what is wrong
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
