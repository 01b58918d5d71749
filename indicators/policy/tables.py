"""What is stored of the diffusion policy: its rows, the rules of secrecy, and which rows these apply to."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, SmallInteger, func
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, TEXT, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from geo.schema import Stored
from indicators.tables import SCHEMA


class PolicyRow(Stored):
    """What one audience may see of one indicator; without a row, it sees everything."""

    __tablename__ = "policy"
    __table_args__ = (
        CheckConstraint("audience IN ('public', 'professional', 'region')", name="audience"),
        CheckConstraint("rounding > 0", name="rounding"),
        {"schema": SCHEMA},
    )

    indicator: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[str] = mapped_column(primary_key=True)
    finest_level: Mapped[str | None]
    first_period: Mapped[str | None] = mapped_column(comment="Year")
    last_period: Mapped[str | None] = mapped_column(comment="Year")
    rounding: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="Step, in the indicator's unit")
    minimum_population: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="Inhabitants")
    shown: Mapped[bool] = mapped_column(comment="Whether this audience may know that the indicator exists")
    embargo: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True), comment="Shown from then on")
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class SecrecyRule(Stored):
    """A rule of statistical secrecy as its source states it: `indicators.secrecy.Rule`, less what depends on use."""

    __tablename__ = "secrecy_rule"
    __table_args__ = {"schema": SCHEMA}

    name: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(comment="The text that states the rule")
    read_on: Mapped[date] = mapped_column(comment="When it was read there")
    threshold: Mapped[int]
    dominance_contributors: Mapped[int | None] = mapped_column(SmallInteger, comment="n of (n, k)")
    dominance_pct: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="k of (n, k)")
    p_percent: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)
    minimum_population: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="Inhabitants")
    zero_is_secret: Mapped[bool]
    protection_pct: Mapped[float] = mapped_column(DOUBLE_PRECISION)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())


class RuleApplied(Stored):
    """A rule that a row of the policy asks for, and the indicators that it needs to judge by."""

    __tablename__ = "applied_rule"
    __table_args__ = (
        ForeignKeyConstraint(
            ["indicator", "audience"], [PolicyRow.indicator, PolicyRow.audience], ondelete="CASCADE"
        ),
        {"schema": SCHEMA},
    )

    indicator: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(ForeignKey(SecrecyRule.name), primary_key=True)
    respondents: Mapped[str | None] = mapped_column(comment="Indicator that counts the units of a cell")
    largest: Mapped[list[str]] = mapped_column(ARRAY(TEXT), comment="Indicators of the largest contributions")
