"""Who acts, in which role, and who may do what."""

from dataclasses import dataclass

from geo.errors import Forbidden

ROLES = {
    "contributor": "contributeur",
    "validator": "validateur",
    "administrator": "administrateur",
}


@dataclass(frozen=True)
class Actor:
    """A person, or a rule that stands for one, with the role in which they act and whom they act for, where it counts."""

    name: str
    role: str
    organisation: str = ""


def require_role(actor: Actor, *accepted: str) -> None:
    """Do nothing for an actor who has one of these roles or is an administrator. Raises Forbidden."""
    if actor.role not in (*accepted, "administrator"):
        known = " ou ".join(ROLES[role] for role in accepted)
        raise Forbidden(
            f"« {actor.name} » a le rôle {ROLES.get(actor.role, actor.role)} : il faut être {known} pour cela."
        )
