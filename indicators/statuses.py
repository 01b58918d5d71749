"""What stands beside every value: whether it is there, how sure it is, or why it is not."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a value; a value of zero is an observed value."""

    OBSERVED = "observed"
    PROVISIONAL = "provisional"
    ESTIMATED = "estimated"
    PARTIAL = "partial"
    NOT_SIGNIFICANT = "not-significant"
    SECRET = "secret"  # noqa: S105
    MISSING = "missing"
    NOT_APPLICABLE = "not-applicable"


LABELS = {
    Status.OBSERVED: "observée",
    Status.PROVISIONAL: "provisoire",
    Status.ESTIMATED: "estimée",
    Status.PARTIAL: "partielle",
    Status.NOT_SIGNIFICANT: "non significative",
    Status.SECRET: "secret statistique",
    Status.MISSING: "donnée absente",
    Status.NOT_APPLICABLE: "sans objet",
}

# The signs of INSEE's printed tables, put where the figure would stand or after it.
SIGNS = {
    Status.OBSERVED: "",
    Status.PROVISIONAL: "p",
    Status.ESTIMATED: "e",
    Status.PARTIAL: "partiel",
    Status.NOT_SIGNIFICANT: "n.s.",
    Status.SECRET: "s",
    Status.MISSING: "...",
    Status.NOT_APPLICABLE: "///",
}
