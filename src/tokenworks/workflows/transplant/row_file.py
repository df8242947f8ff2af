"""rows.tsv: for each new row the token, how it was made, and of what."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tokenworks.files import atomic_file
from tokenworks.transplant.initialization import ORIGINS, Report
from tokenworks.transplant.matching import token_ids

_MOST = 8  # old rows named of each mixture, the heaviest


def write_rows(report: Report, path: Path) -> None:
    """Write the file.

    Raises:
        WriteError: it cannot be written.
    """
    match = report.match
    known = np.zeros(match.rows, np.bool_)
    known[token_ids(match.new)] = True
    starts, sources, weights = report.input.starts, report.input.sources, report.input.weights
    with atomic_file(path) as stream:
        stream.write(b"id\ttoken\torigin\told rows (id:weight)\n")
        for number in range(match.rows):
            token = _shown(match.new.token_bytes(number)) if known[number] else ""
            span = slice(int(starts[number]), int(starts[number + 1]))
            old, share = sources[span], weights[span]
            if len(old) > _MOST:
                heaviest = np.argsort(-np.abs(share), kind="stable")[:_MOST]
                old, share = old[heaviest], share[heaviest]
            parts = " ".join(
                f"{one}:{weight:.4g}"
                for one, weight in zip(old.tolist(), share.tolist(), strict=True)
            )
            stream.write(f"{number}\t{token}\t{ORIGINS[report.origin[number]]}\t{parts}\n".encode())


def _shown(token: bytes) -> str:
    return json.dumps(token.decode("utf-8", "backslashreplace"), ensure_ascii=True)
