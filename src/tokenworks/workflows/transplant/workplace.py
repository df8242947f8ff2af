"""The folder beside the target where a transplant is made, kept when it is interrupted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import TokenworksError
from tokenworks.files import refuse_taken, write_error, write_json

_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Workplace:
    """model: the folder that becomes the target. work: what the method keeps. resumed: it was there."""

    model: Path
    work: Path
    resumed: bool


@contextmanager
def workplace(target: Path, plan: dict[str, Any], *, overwrite: bool) -> Iterator[Workplace]:
    """A folder beside the target that takes its name when the block ends.

    An interruption (Ctrl-C, a lost machine) leaves it, and the next run of the same plan goes on with
    what is done; an error removes it.

    Args:
        target: absent, empty, or to be overwritten.
        plan: what determines the result, as JSON.
        overwrite: replace a folder that holds something.

    Raises:
        OptionError: as `refuse_taken`.
        WriteError: it cannot be written.
    """
    refuse_taken(target, overwrite=overwrite)
    base = target.parent / f".{target.name}.transplant"
    said = json.loads(json.dumps(plan))
    resumed = _plan(base) == said
    try:
        if not resumed:
            shutil.rmtree(base, ignore_errors=True)
        for folder in (base / "model", base / "work"):
            folder.mkdir(parents=True, exist_ok=True)
        if not resumed:
            write_json(base / _PLAN, said)
        yield Workplace(base / "model", base / "work", resumed)
        _take_place(base / "model", target)
    except Exception as error:
        shutil.rmtree(base, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, TokenworksError):
            raise write_error(target, error) from error
        raise
    shutil.rmtree(base, ignore_errors=True)


def _plan(base: Path) -> Any:
    with suppress(OSError, ValueError):
        return json.loads((base / _PLAN).read_text("utf-8"))
    return None


def _take_place(made: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    made.replace(target)
