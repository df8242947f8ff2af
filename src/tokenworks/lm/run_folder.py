"""The folder of a training run beside what it makes: whose it is, and the loop that fills it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError
from tokenworks.files import refuse_taken, write_json
from tokenworks.interruption import interruptions
from tokenworks.lm.checkpoints import Checkpoints
from tokenworks.lm.run_log import RunLog

RUN = "run.json"


def run_folder(output: Path) -> Path:
    """The folder of the run that makes `output`: NAME.training beside it.

    Raises:
        OptionError: `output` holds something, and no run there has made it.
    """
    folder = output.with_name(output.name + ".training")
    taken = output.is_file() or (output.is_dir() and any(output.iterdir()))
    if taken and not (folder / RUN).exists():
        raise OptionError(f"{output} exists already; name a new folder")
    refuse_taken(output, overwrite=True)
    return folder


def agree(
    folder: Path, settings: Mapping[str, Any], *, untold: Mapping[str, str], begin: bool = True
) -> None:
    """Refuse to go on with other settings than the run of a folder began with.

    Args:
        folder: of the run.
        settings: plain values by name.
        untold: names of settings whose values say nothing to people, and what to say of them.
        begin: write the settings down where there is no run yet.

    Raises:
        OptionError: a setting differs.
    """
    path = folder / RUN
    if not path.exists():
        if begin:
            write_json(path, settings)
        return
    kept = json.loads(path.read_text("utf-8"))
    for name, value in settings.items():
        if kept.get(name) != value:
            told = untold.get(name, f"{kept.get(name)}, this one has {value}")
            raise OptionError(
                f"{folder} holds a run with another {name}: {told}; name another output, or delete "
                "that folder"
            )


def go_on(training: Any, stream: Iterable[Any], kept: Checkpoints, log: RunLog | None) -> None:
    """Train to the last step, with a log and checkpoints unless `log` is None.

    Raises:
        KeyboardInterrupt: asked to stop; what was learned is kept.
    """

    def save() -> None:
        if log is not None:
            log.flush()
            kept.keep(training, kept.latest)

    with interruptions() as noted:
        for step in training.fit(stream):
            try:  # between two steps, where the state is whole
                if log is not None:
                    log.take(step)
                    if step.number == kept.recipe.stable_until:
                        kept.keep(training, kept.stable)
                    if log.save_due():
                        save()
                if noted.asked:
                    raise KeyboardInterrupt
            except KeyboardInterrupt:
                save()
                raise
        save()
