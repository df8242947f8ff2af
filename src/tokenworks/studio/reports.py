"""Reports that the page asks for: made in the background, one at a time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tokenworks.errors import TokenworksError, UnknownNameError
from tokenworks.studio.in_time import PREFIX, LateError

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.workflows.compare.texts import Corpus

KEPT = 6  # reports in memory
AT_WORK = 3  # a cancelled one ends at its next step
WHOLE = 0.9  # of the bar stands for encoding, the rest for figures and the page


class Cancelled(BaseException):  # nothing that catches errors may stop it
    """Another report was asked for, or this one is not wanted any more."""


@dataclass(slots=True)
class Job:
    """A report in the making, or made."""

    id: str
    total: int  # bytes to encode
    done: float = 0.0
    page: str | None = None
    error: str | None = None
    cancelled: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        share = WHOLE * min(self.done / self.total, 1) if self.total else WHOLE
        return {
            "id": self.id,
            "ready": self.page is not None,
            "progress": 1.0 if self.page is not None else round(share, 3),
            "error": "cancelled" if self.cancelled and not self.error else self.error,
        }


class Reports:
    """The last reports, by id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(
        self,
        tokenizers: Sequence[Tokenizer],
        corpus: Callable[[], tuple[Corpus, int]],
        prices: dict[str, float] | None,
    ) -> Job:
        """Begin to compare, and cancel the report that is in the making.

        Args:
            tokenizers: at least one.
            corpus: gives the texts and their bytes, called in the background.
            prices: of a million tokens, by name.

        Raises:
            LateError: earlier ones have not come to an end.
        """
        job = Job(secrets.token_hex(8), 0)
        with self._lock:
            at_work = [other for other in self._jobs.values() if not other.ended.is_set()]
            if len(at_work) >= AT_WORK:
                raise LateError("earlier reports are still at work; try again in a while")
            for other in at_work:
                other.cancelled = True
            self._jobs[job.id] = job
            for old in list(self._jobs)[:-KEPT]:
                if self._jobs[old].ended.is_set():
                    del self._jobs[old]
        threading.Thread(
            target=self._make,
            args=(job, tokenizers, corpus, prices),
            name=f"{PREFIX}report",
            daemon=True,
        ).start()
        return job

    def get(self, id: str) -> Job:
        """The report of this id.

        Raises:
            UnknownNameError: there is none, or it has been let go.
        """
        job = self._jobs.get(id)
        if job is None:
            raise UnknownNameError("there is no such report any more; make it again")
        return job

    def cancel(self, id: str) -> None:
        """End a report at its next step."""
        self.get(id).cancelled = True

    def _make(
        self,
        job: Job,
        tokenizers: Sequence[Tokenizer],
        corpus: Callable[[], tuple[Corpus, int]],
        prices: dict[str, float] | None,
    ) -> None:
        from tokenworks.report import compare_html
        from tokenworks.workflows.compare import compare

        def advance(size: float) -> None:
            job.done += size
            if job.cancelled:
                raise Cancelled

        try:
            texts, job.total = corpus()
            advance(0)
            found = compare(tokenizers, texts, price=prices, unreachable=False, advance=advance)
            advance(0)
            job.page = compare_html.render(found)
        except Cancelled:
            pass
        except TokenworksError as error:
            job.error = str(error)
        except Exception as error:  # told on the page as on the command line
            job.error = f"a mistake in tokenworks ({type(error).__name__}: {error})"
        finally:
            job.ended.set()
