"""What is stored of people: who they are, their keys and their sessions as digests alone, and the journal of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from geo.schema import Stored

SCHEMA = "accounts"
ROLE = "role IN ('reader', 'contributor', 'validator', 'administrator')"


class Person(Stored):
    """Someone who has an account: what they may do, what they may read, whom they deliver for.

    Names are unique: the journals know people by them. Whom a provider vouches for is known to it by `subject`.
    """

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint(ROLE, name="role"),
        CheckConstraint(
            "audience = 'region' OR (audience = 'professional' AND role IN ('reader', 'contributor'))",
            name="audience",
        ),
        CheckConstraint("role <> 'contributor' OR organisation <> ''", name="organisation"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str]
    audience: Mapped[str]
    organisation: Mapped[str] = mapped_column(server_default="", comment="Whose deliveries a contributor brings")
    issuer: Mapped[str | None] = mapped_column(
        comment="The OpenID Connect provider that vouches for them, if one does"
    )
    subject: Mapped[str | None] = mapped_column(comment="Who they are to that provider")
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="Since when none of their keys and sessions opens anything"
    )


class ApiKey(Stored):
    """A key that a person was given once. It cannot be read again: its SHA-256 is all that is kept.

    A key has 256 random bits, so a plain digest is as good as a slow one: there is nothing to guess. It opens what
    its role and audience say, and never more than its person has.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint(ROLE, name="role"),
        CheckConstraint("audience IN ('professional', 'region')", name="audience"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id, ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(server_default="", comment="What it is for")
    role: Mapped[str]
    audience: Mapped[str]
    mark: Mapped[str] = mapped_column(unique=True, comment="Start of the key, which names it and proves nothing")
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Session(Stored):
    """A browser in which a person signed in; what it holds is a random token, kept here as its SHA-256."""

    __tablename__ = "session"
    __table_args__ = {"schema": SCHEMA}

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id, ondelete="CASCADE"))
    key_id: Mapped[int | None] = mapped_column(
        ForeignKey(ApiKey.id, ondelete="CASCADE"),
        comment="The key that opened it; none where a provider vouched for the person",
    )
    opened_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class AccountEvent(Stored):
    """One line of the journal of accounts: who came in, was refused, was given what. Kept a year, never changed."""

    __tablename__ = "event"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.clock_timestamp())
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    address: Mapped[str] = mapped_column(
        server_default="", comment="Network address that it came from, where it came over the network"
    )
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
