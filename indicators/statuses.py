"""What stands beside every value: whether it is there, how sure it is, or why it is not."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a value; a value of zero is an observed value.

    `impossible`: the territory changed between the geography that the value was delivered in and the one asked
    for, and a value of this nature cannot be converted (a median, a category without a rule).
    """

    OBSERVED = "observed"
    PROVISIONAL = "provisional"
    ESTIMATED = "estimated"
    PARTIAL = "partial"
    NOT_SIGNIFICANT = "not-significant"
    SECRET = "secret"  # noqa: S105
    MISSING = "missing"
    NOT_APPLICABLE = "not-applicable"
    IMPOSSIBLE = "impossible"


LABELS = {
    Status.OBSERVED: "observée",
    Status.PROVISIONAL: "provisoire",
    Status.ESTIMATED: "estimée",
    Status.PARTIAL: "partielle",
    Status.NOT_SIGNIFICANT: "non significative",
    Status.SECRET: "secret statistique",
    Status.MISSING: "donnée absente",
    Status.NOT_APPLICABLE: "sans objet",
    Status.IMPOSSIBLE: "conversion impossible",
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
    Status.IMPOSSIBLE: "n.c.",
}
