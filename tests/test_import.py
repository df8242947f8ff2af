"""Importing the package is quick and brings in nothing heavy.

Seconds are those of the processor: what else the machine does meanwhile does not count.
"""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, sys, time
import numpy
began = time.process_time()
import {module}
print(json.dumps([time.process_time() - began, sorted(sys.modules)]))
"""

HEAVY = {"torch", "transformers", "pyarrow", "rich", "matplotlib", "tokenizers", "jinja2"}


def measure(module: str) -> tuple[float, set[str]]:
    runs = []
    for _ in range(5):  # the best of several: the first reads from the disk
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(module=module)],
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout))
    return min(seconds for seconds, _ in runs), set(runs[0][1])


def test_import_takes_less_than_a_fifth_of_a_second() -> None:
    seconds, modules = measure("tokenworks")
    assert seconds < 0.2
    assert not modules & HEAVY


def test_listing_methods_imports_nothing_heavy() -> None:
    seconds, modules = measure("tokenworks.registry")
    assert seconds < 0.3
    assert not modules & HEAVY


def test_command_line_starts_quickly() -> None:
    _, modules = measure("tokenworks.cli.frame")
    assert not modules & (HEAVY - {"rich"})
    assert min(float(_start_up()) for _ in range(5)) < 0.4


def _start_up() -> str:
    program = (
        "import time; began = time.process_time(); from tokenworks.cli import main; "
        "main(['--version']); print(time.process_time() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def test_the_largest_embedded_tokenizer_is_ready_in_a_third_of_a_second() -> None:
    program = (
        "import time, numpy, tokenworks; began = time.process_time(); "
        "tokenworks.Tokenizer.load('o200k_base').encode('Hello'); print(time.process_time() - began)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    assert min(float(done.stdout) for done in runs) < 0.3


def test_a_verb_is_not_hidden_by_the_family_of_its_name() -> None:
    program = "import tokenworks.transplant.omp, tokenworks as tw; print(callable(tw.transplant))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
