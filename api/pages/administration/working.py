"""The long work of the back office, done in its threads: control, keeping a draft, publication."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from api.office import Office
from api.pages.administration.held import Held
from api.publishing import change
from geo.progress import silent
from indicators.actors import Actor


def start_control(office: Office, one: Held) -> None:
    """Begin the control of a file that waits; what it finds is written beside the file."""
    office.jobs.start(name(one.id), lambda: _control(office, one))


def start_keeping(office: Office, one: Held, actor: Actor) -> bool:
    """Begin to keep a file as a draft: it is read again, so that what is kept is what was decided."""
    return office.jobs.start(name(one.id), lambda: _keep(office, one, actor))


def start_publication(
    office: Office,
    delivery_id: int | None,
    actor: Actor,
    act: Callable[[Connection, Actor], Any],
    close: str = "",
) -> bool:
    """Begin a change of what a delivery feeds, and its publication: both in one transaction, or nothing.

    Without a delivery, what has already been decided is published. `close` is why the releases before are closed.
    """
    return office.jobs.start(
        publication(delivery_id), lambda: change(office.engine, act, actor, silent, delivery_id, close)
    )


def name(identity: str) -> str:
    """The name of the work on a file that waits."""
    return f"control {identity}"


def publication(delivery_id: int | None) -> str:
    """The name of the publication of a delivery, or of what has already been decided."""
    return f"publication {delivery_id}"


def _keep(office: Office, one: Held, actor: Actor) -> None:
    from api.pages.administration import controlling  # slow to import, and most servers control no file

    controlling.keep(office, one, actor)


def _control(office: Office, one: Held) -> None:
    from api.pages.administration import controlling

    one.forget_report()  # here, where nobody reads it: not of a control that runs already
    controlling.control(office, one)
