"""Finished shards on disk: a rerun reads their results instead of working again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from ..errors import OptionError
from ..files import atomic_file
from .pools import shard_name

if TYPE_CHECKING:
    import pyarrow as pa


class Keeper(Protocol):
    """How a result is written to a file and read back, without running code."""

    suffix: str

    def write(self, result: Any, file: IO[bytes]) -> None:
        """Write the result."""

    def read(self, path: Path) -> Any:
        """Read the result; raise ValueError or OSError if the file does not hold one."""


class Json:
    """Results of dictionaries, lists, strings and numbers."""

    suffix = ".json"

    def write(self, result: Any, file: IO[bytes]) -> None:
        """Write as JSON. Raises TypeError for a result that JSON cannot hold."""
        file.write(json.dumps(result).encode())

    def read(self, path: Path) -> Any:
        """Read JSON."""
        return json.loads(path.read_bytes())


class Arrow:
    """Results that are `pyarrow.Table`s, such as counts."""

    suffix = ".arrow"

    def write(self, result: pa.Table, file: IO[bytes]) -> None:
        """Write an Arrow file."""
        import pyarrow as pa

        with pa.ipc.new_file(file, result.schema) as writer:
            writer.write_table(result)

    def read(self, path: Path) -> pa.Table:
        """Map the table from the file."""
        import pyarrow as pa

        with pa.memory_map(str(path)) as source:
            return pa.ipc.open_file(source).read_all()


class Finished:
    """The folder of markers. A marker is named by what its result depends on.

    That is the identity (the options of the work), the shard and the stamp of its file: with
    other options or a changed file the shard is done again, and nothing stale is ever used.
    """

    def __init__(self, folder: Path, keeper: Keeper, identity: Mapping[str, object]) -> None:
        self._folder, self._keeper = folder, keeper
        self._identity = json.dumps(identity, sort_keys=True, default=str)

    def path(self, shard: Any) -> Path:
        """The marker of a shard; it exists when the shard is finished."""
        stamp = getattr(shard, "stamp", "")
        parts = "\0".join((self._identity, shard_name(shard), str(stamp), repr(shard)))
        name = blake2b(parts.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self._folder / f"{name}{self._keeper.suffix}"

    def load(self, shard: Any) -> tuple[bool, Any]:
        """(True, result) if the shard is finished and its marker whole."""
        path = self.path(shard)
        try:
            return True, self._keeper.read(path)
        except FileNotFoundError:
            return False, None
        except (OSError, ValueError):  # a damaged marker: the shard is done again
            return False, None

    def save(self, shard: Any, result: Any) -> None:
        """Mark the shard as finished. Raises WriteError, or OptionError for the wrong keeper."""
        try:
            with atomic_file(self.path(shard)) as file:
                self._keeper.write(result, file)
        except (TypeError, AttributeError, ValueError) as error:
            kind = type(self._keeper).__name__
            raise OptionError(
                f"{shard_name(shard)}: the keeper {kind} cannot hold its result, a"
                f" {type(result).__name__}: {error}"
            ) from error
