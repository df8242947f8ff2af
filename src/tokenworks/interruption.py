"""Ctrl-C that waits for a place where work can stop and go on later."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interruption:
    """Whether the user wants to stop."""

    asked: bool = False


@contextmanager
def interruptions() -> Iterator[Interruption]:
    """Ctrl-C and the signal to terminate are noted here rather than raised; a second one is raised.

    So that they never strike between doing something and writing down that it was done: ask at places
    where all is whole. At the end of the block an interruption is raised, if nobody has.
    """
    noted = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield noted  # signals are never raised here
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in numbers}

    def note(number: int, frame: FrameType | None) -> None:
        noted.asked = True
        signal.signal(number, before[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if noted.asked:
        raise KeyboardInterrupt
