"""`tokenworks doctor`: name the fault in a tokenizer file, a tokenizer folder or a model folder.

The checks work on the raw files and tolerate anything; each stands in the file of what it looks at
and registers itself with `registry.check`. They are imported here, in the order of the report.
"""

from __future__ import annotations

from tokenworks.workflows.doctor import (  # noqa: F401 - importing registers the checks
    added_tokens,
    bpe_model,
    chat_template,
    compatibility,
    components,
    gguf_metadata,
    legacy_files,
    length_settings,
    load_time,
    normalized_tokens,
    other_models,
    sentencepiece_file,
    special_files,
    step_settings,
    tekken_file,
    templates,
    tiktoken_file,
    weights,
    whole_file,
)
from tokenworks.workflows.doctor.examine import doctor
from tokenworks.workflows.doctor.report import DoctorReport, Finding, Mend

__all__ = ["DoctorReport", "Finding", "Mend", "doctor"]
