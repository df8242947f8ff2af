"""The batches of a scan in a file of lines, from which an interrupted scan goes on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import FormatError, OptionError
from tokenworks.files import write_error, write_text
from tokenworks.lm.model import LanguageModel
from tokenworks.provenance.unconditional_token_forcing import Forced


class Kept:
    """A file whose first line tells of what it is, and each further line holds a batch."""

    def __init__(self, path: Path, model: LanguageModel, length: int) -> None:
        """Read what an earlier scan left, or begin.

        Raises:
            OptionError: it is of another model or length. FormatError: it is no such file.
        """
        self.path = path
        self.parts: list[Forced] = []
        own = {"scan": 1, "model": weights_hash(model), "length": length, "start": [*model.start]}
        lines = self._lines()
        if not lines:
            write_text(path, json.dumps(own) + "\n")
            return
        told = _object(lines[0])
        if told is None or told.get("scan") != 1:
            raise FormatError(f"{path}: not the checkpoint of a scan; name another file")
        if told != own:
            raise OptionError(
                f"{path} holds a scan of another model or length; name another file, or delete it"
            )
        whole = [lines[0]]
        for number, line in enumerate(lines[1:], 2):
            part = _batch(line, length, model.rows)
            if part is None:
                if number < len(lines):
                    raise FormatError(f"{path}, line {number}: damaged; delete the file")
                break  # the batch at which the earlier scan was stopped
            whole.append(line)
            self.parts.append(part)
        if len(whole) < len(lines):
            write_text(path, "".join(line + "\n" for line in whole))

    def take(self, part: Forced) -> None:
        """Keep a batch.

        Raises:
            WriteError: it cannot be written.
        """
        line = {
            "starts": part.starts.tolist(),
            "ids": part.ids.tolist(),
            "probabilities": part.probabilities.tolist(),
        }
        try:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
        except OSError as error:
            raise write_error(self.path, error) from error

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise FormatError(f"{self.path}: cannot be read: {reason}") from None


def weights_hash(model: LanguageModel) -> str:
    """The SHA-256 of all parameters of a model, by name."""
    import torch

    found = hashlib.sha256()
    for name, parameter in sorted(model.model.named_parameters()):
        found.update(name.encode())
        data = parameter.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        found.update(memoryview(data.numpy()))
    return found.hexdigest()


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _batch(line: str, length: int, rows: int) -> Forced | None:
    """The batch of a line; None where it is not one."""
    value = _object(line)
    if value is None:
        return None
    try:
        starts = np.array(value["starts"], np.int64)
        ids = np.array(value["ids"], np.int64)
        probabilities = np.array(value["probabilities"], np.float64)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    shape = (len(starts), length) if starts.ndim == 1 else ()
    if ids.shape != shape or probabilities.shape != shape or not len(starts):
        return None
    if min(starts.min(), ids.min()) < 0 or max(starts.max(), ids.max()) >= rows:
        return None
    fine = bool(((probabilities > 0) & (probabilities <= 1 + 1e-6)).all())
    return Forced(starts, ids, probabilities) if fine else None
