"""`scan`: texts that a model recites without being asked, and tokens that it never learned."""

from __future__ import annotations

from tokenworks.workflows.scan.result import Candidate, ScanResult, Untrained
from tokenworks.workflows.scan.run import scan

__all__ = ["Candidate", "ScanResult", "Untrained", "scan"]
