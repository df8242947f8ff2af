"""Work beside the event loop, within a time: a hostile pattern must not hold up the page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tokenworks.errors import TokenworksError

T = TypeVar("T")


PREFIX = "studio: "  # of the names of our threads


def at_work() -> bool:
    """True if some work of the studio is not done. A thread in native code cannot be ended."""
    return any(one.name.startswith(PREFIX) for one in threading.enumerate())


class LateError(TokenworksError):
    """Work took longer than its time, or an earlier piece of it is still not done."""


class Workers:
    """One daemon thread for each piece of work. Work under a name that is overdue blocks that name."""

    def __init__(self) -> None:
        self._overdue: dict[str, int] = {}

    async def run(self, name: str, seconds: float, work: Callable[[], T]) -> T:
        """The result of the work.

        Args:
            name: whose work it is, such as a tokenizer's.
            seconds: how long to wait for it.
            work: called in a thread of its own.

        Raises:
            LateError: there is no result in time; a thread cannot be ended, so it goes on, and
                further work of this name is refused until it is done.
        """
        if self._overdue.get(name):
            raise LateError(
                f"{name} is still at work on an earlier text; it is left out until then"
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        late = False

        def settle(result: T | None, error: BaseException | None) -> None:
            if late:
                self._overdue[name] -= 1
            elif future.cancelled():
                pass
            elif error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settle, result, error)

        threading.Thread(target=run, daemon=True, name=f"{PREFIX}{name}").start()
        done, _ = await asyncio.wait([future], timeout=seconds)
        if done:
            return future.result()
        late = True
        self._overdue[name] = self._overdue.get(name, 0) + 1
        raise LateError(f"{name} gave no answer within {seconds:g} s")
