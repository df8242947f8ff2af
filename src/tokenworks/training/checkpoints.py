"""What a pass over the text has counted so far, kept on disk so that an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tokenworks.errors import WriteError
from tokenworks.files import write_error, write_json
from tokenworks.text import Problem, Problems

_STATE = "state.json"
_FORMAT = 1


@dataclass(slots=True)
class State:
    """How far a pass is: `batch` batches of part `part` and all parts before it are in `runs`.

    runs: files of counted words. problems: of the parts before. attempt: how often it was begun.
    """

    part: int = 0
    batch: int = 0
    bytes: int = 0
    pretokens: int = 0
    cut: int = 0
    spilled_bytes: int = 0
    runs: list[str] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    hidden_problems: dict[str, dict[str, int]] = field(default_factory=dict)
    complete: bool = False
    attempt: int = 0

    def keep_problems(self, problems: Problems) -> None:
        """Remember problems and their counts."""
        self.problems = [asdict(problem) for problem in problems.first]
        self.hidden_problems = {
            "kind": dict(problems.by_kind),
            "source": dict(problems.by_source),
        }

    def known_problems(self) -> Problems:
        """The problems that were remembered."""
        found = Problems()
        found.first = [Problem(**problem) for problem in self.problems]
        found.by_kind.update(self.hidden_problems.get("kind", {}))
        found.by_source.update(self.hidden_problems.get("source", {}))
        return found


class Kept:
    """The folder of one pass. It is named by what is counted in what, so that nothing stale is used."""

    def __init__(self, work: Path, key: str) -> None:
        name = blake2b(f"{_FORMAT} {key}".encode("utf-8", "surrogateescape"), digest_size=12)
        self.folder = work / name.hexdigest()

    def load(self) -> State:
        """The state of the last checkpoint; a fresh one where there is none or it is damaged."""
        try:
            raw: Any = json.loads((self.folder / _STATE).read_bytes())
            state = State(**raw)
            if not all((self.folder / run).is_file() for run in state.runs):
                state = State(attempt=state.attempt)
        except (OSError, ValueError, TypeError):
            state = State()
        state.attempt += 1
        self._clean(set(state.runs))
        return state

    def save(self, state: State) -> None:
        """Write a checkpoint. Files of runs that it does not name are removed.

        Raises:
            WriteError: it cannot be written; the last checkpoint is then untouched.
        """
        write_json(self.folder / _STATE, asdict(state))
        self._clean(set(state.runs))

    def path(self, run: str) -> str:
        """The path of a run of the state."""
        return str(self.folder / run)

    def prefix(self, attempt: int) -> str:
        """What the names of the runs of this attempt begin with.

        Raises:
            WriteError: the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.folder, error) from None
        return str(self.folder / f"{attempt}-")

    def _clean(self, wanted: set[str]) -> None:
        for path in self.folder.glob("*.run*"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)


@contextmanager
def spilling() -> Iterator[None]:
    """What a counter says where it cannot write, as our error."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(f"{error}; free some space or name another folder") from None
