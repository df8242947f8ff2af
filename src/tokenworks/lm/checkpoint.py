"""A training state on disk: one safetensors file, written beside and renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks.errors import FormatError
from tokenworks.files import write_error

if TYPE_CHECKING:
    import torch


def save(path: Path, state: dict[str, torch.Tensor], step: int, steps: int) -> None:
    """Write a state after `step` of `steps` steps; an earlier file stays until the new one is whole.

    Raises:
        WriteError: it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    os.close(handle)
    beside = Path(name)
    told = {"step": str(step), "steps": str(steps)}
    try:
        save_file({key: value.cpu() for key, value in state.items()}, beside, told)
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    except SafetensorError as error:
        raise write_error(path, OSError(str(error))) from error
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> tuple[dict[str, torch.Tensor], int, int]:
    """Read a state, its step, and how many steps were planned when it was written.

    Raises:
        FormatError: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as opened:
            told = opened.metadata() or {}
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            return state, int(told["step"]), int(told["steps"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise FormatError(f"{path}: a damaged checkpoint ({error}); delete it") from None
