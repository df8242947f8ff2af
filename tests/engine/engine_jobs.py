"""Functions that the tests of the engines send to workers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tokenworks.errors import FormatError


def square(number: int) -> int:
    return number * number


def slow_first(number: int) -> int:
    time.sleep(0.5 if number == 0 else 0.0)
    return number


def fail_at_three(number: int) -> int:
    if number == 3:
        raise ZeroDivisionError("three")
    return number


def bad_file_at_three(number: int) -> int:
    if number == 3:
        raise FormatError("line 7 is broken")
    return number


class UnpicklableError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("needs two")


def fail_unpicklable(number: int) -> int:
    raise UnpicklableError(1, 2)


def kill_once(path: str) -> str:
    """Kill the worker the first time that this shard is done."""
    marker = Path(path)
    if marker.name.startswith("kill") and not marker.exists():
        marker.write_text("killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return marker.name


def kill_always(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_always(number: int) -> int:
    os._exit(7)


def log_call(item: tuple[str, int]) -> int:
    """Leave a trace of every call in a folder; fail at a number while the file `fail` exists."""
    folder, number = Path(item[0]), item[1]
    if (folder / f"fail{number}").exists():
        raise ValueError("asked to fail")
    with (folder / "calls").open("a") as file:
        file.write(f"{number}\n")
    return number * 10


def nap(number: int) -> int:
    time.sleep(0.2)
    return number


def nap_on_a_machine(number: int) -> tuple[int, str]:
    """The number, and the machine of the cluster that had it."""
    import ray

    time.sleep(0.2)
    return number, ray.get_runtime_context().get_node_id()
