"""What `train` foresees against what comes: distinct pretokens, seconds, memory.

    python benchmarks/forecast.py FILE...

Each file is trained on in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = (32_000, 128_000)


def trained(file: str, size: int) -> dict[str, Any]:
    """The result of one command, and the peak of its resident memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tokenworks", "train", file, "--vocab-size", str(size)]
        command += ["--json", "--quiet", "-o", str(Path(folder) / "out")]
        script = (
            "import resource, subprocess, sys; "
            "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True); "
            "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss; "
            "print(peak); print(done.stdout.decode())"
        )
        said = subprocess.run(
            [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True, check=True
        )
    peak, result = said.stdout.split("\n", 1)
    unit = 1 if sys.platform == "darwin" else 1024
    return {**json.loads(result), "peak": int(peak) * unit}


def main(files: list[str]) -> None:
    print("file             size   distinct (foreseen)      seconds (foreseen)  MB (foreseen)")
    for file in files:
        for size in SIZES:
            result = trained(file, size)
            foreseen, counts = result["forecast"], result["counts"]
            if foreseen is None:
                print(f"{Path(file).name}: too small for a forecast")
                continue
            print(
                f"{Path(file).name:15} {size:6} {counts['distinct']:10,} ({foreseen['distinct']:9,})"
                f" {result['seconds']:8.1f} ({foreseen['seconds']:6.1f})"
                f" {result['peak'] / 1e6:8,.0f} ({foreseen['memory_bytes'] / 1e6:6,.0f})"
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(sys.argv[1:])
