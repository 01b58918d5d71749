"""What is stored of the people of the back office: their keys and their sessions, as digests alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from geo.schema import Stored

SCHEMA = "accounts"


class ApiKey(Stored):
    """A key that a person was given once. It cannot be read again: its SHA-256 is all that is kept.

    A key has 256 random bits, so a plain digest is as good as a slow one: there is nothing to guess.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("role IN ('contributor', 'validator', 'administrator')", name="role"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    mark: Mapped[str] = mapped_column(unique=True, comment="Start of the key, which names it and proves nothing")
    digest: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Session(Stored):
    """A browser in which a person signed in; what it holds is a random token, kept here as its SHA-256."""

    __tablename__ = "session"
    __table_args__ = {"schema": SCHEMA}

    digest: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey(ApiKey.id, ondelete="CASCADE"))
    opened_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
