"""What is wrong with a delivery, family by family; each family of checks is a module, none repairs anything."""

from indicators.imports.diagnosis.proposing import propose
from indicators.imports.diagnosis.running import diagnose
from indicators.imports.findings import (
    FAMILIES,
    LISTED,
    NOTHING,
    SEVERITIES,
    Decisions,
    Diagnosis,
    Family,
    Finding,
    Repair,
    Severity,
)

__all__ = [
    "FAMILIES",
    "LISTED",
    "NOTHING",
    "SEVERITIES",
    "Decisions",
    "Diagnosis",
    "Family",
    "Finding",
    "Repair",
    "Severity",
    "diagnose",
    "propose",
]
