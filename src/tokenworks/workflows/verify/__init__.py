"""`verify`: are two tokenizers the same, and if not, which text tells?"""

from __future__ import annotations

from tokenworks.workflows.verify.result import Counterexample, Difference, Segment, VerifyResult
from tokenworks.workflows.verify.run import verify
from tokenworks.workflows.verify.subjects import Subject, subject

__all__ = [
    "Counterexample",
    "Difference",
    "Segment",
    "Subject",
    "VerifyResult",
    "subject",
    "verify",
]
