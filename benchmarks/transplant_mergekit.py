"""`omp` beside mergekit's tokensurgeon: the same rows, time and memory of each process.

    python benchmarks/transplant_mergekit.py MODEL DONOR --tool PATH/mergekit-tokensurgeon

mergekit is installed in an environment of its own (`pip install mergekit`); the tool is run as it is, with
its defaults (64 atoms).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tokenworks.transplant.embeddings import whole
from tokenworks.workflows.transplant.subject import subject


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("donor")
    parser.add_argument("--tool", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        command = [
            sys.executable,
            "-m",
            "tokenworks",
            "transplant",
            arguments.model,
            arguments.donor,
        ]
        command += ["--method", "omp", "--donor", arguments.donor, "--no-score", "-o", str(ours)]
        timed("tokenworks", [*command, "--quiet"])
        timed(
            "mergekit", [arguments.tool, arguments.model, arguments.donor, str(theirs), "--quiet"]
        )
        one, two = subject(ours), subject(theirs)
        first, second = (whole(each.embeddings().input) for each in (one, two))
        old = whole(subject(arguments.model).embeddings().input)
        n = min(len(first), len(second))
        rows = (ours / "rows.tsv").read_text("utf-8").splitlines()[1:]
        kind = np.array([row.split("\t")[2] for row in rows])[:n]
        apart = np.abs(first[:n] - second[:n]).max(axis=1)
        scale = np.abs(old).max()
        for name in sorted(set(kind.tolist())):
            some = apart[kind == name]
            near = (some <= 1e-2 * scale).mean()
            print(
                f"{name}: {len(some):,} rows, {(some == 0).sum():,} equal bit for bit, "
                f"{near:.2%} within 1 % of the largest number, "
                f"median difference {np.median(some):.2e}, largest {some.max():.2e}"
            )
        print(f"types: {one.dtype} and {two.dtype}; rows {len(first):,} and {len(second):,}")


def timed(name: str, command: list[str]) -> None:
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{name} failed: {said.decode()[-500:]}")
    seconds = time.perf_counter() - began
    busy = used.ru_utime + used.ru_stime
    print(
        f"{name}: {seconds:.1f} s, {busy:.1f} s of the processor, "
        f"{used.ru_maxrss / 1024:,.0f} MB at most",
        flush=True,
    )


if __name__ == "__main__":
    main()
