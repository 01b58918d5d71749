"""What an account opens: a role, an audience, and for a contributor the organisation whose deliveries they bring."""

from dataclasses import dataclass

from boundaries.readers import LABELS, Audience
from geo.errors import Invalid
from indicators import actors
from indicators.actors import Actor

READER = "reader"
ROLES = {READER: "lecteur", **actors.ROLES}
RANKS = tuple(ROLES)  # each may do what the one before it may
AUDIENCES: dict[Audience, str] = {one: label for one, label in LABELS.items() if one != Audience.PUBLIC}
COMMAND = Actor("ligne de commande", "administrator")
PROVIDER = Actor("fournisseur d’identité", "")


@dataclass(frozen=True)
class Rights:
    """What a person, a key or a session opens."""

    role: str
    audience: Audience
    organisation: str = ""

    @property
    def works(self) -> bool:
        """Whether they open the back office."""
        return self.role != READER

    def within(self, role: str, audience: str) -> "Rights":
        """Return what remains of these rights through a key that opens no more than a role and an audience.

        >>> Rights("validator", Audience.REGION).within("reader", "professional")
        Rights(role='reader', audience=<Audience.PROFESSIONAL: 'professional'>, organisation='')
        >>> Rights("contributor", Audience.PROFESSIONAL, "CAF").within("administrator", "region").role
        'contributor'
        """
        lower = min(self.role, role, key=RANKS.index)
        return Rights(lower, min(self.audience, Audience(audience)), self.organisation)


def rights(role: str, audience: str | None = None, organisation: str = "") -> Rights:
    """Return the rights that are asked for.

    Who validates or administers reads as the Region. A contributor delivers for an organisation, and reads as a
    professional unless the Region is said: an organisation from outside is not the Region. Raises Invalid.
    """
    organisation = " ".join(organisation.split())
    if role not in ROLES:
        raise Invalid(f"Rôle inconnu : « {role[:40]} ». Rôles : {', '.join(ROLES)}.")
    if audience is not None and audience not in list(AUDIENCES):
        raise Invalid(f"Audience inconnue : « {audience[:40]} ». Audiences : {', '.join(AUDIENCES)}.")
    if len(organisation) > 100 or not organisation.isprintable():
        raise Invalid("Le nom de l’organisation est attendu, en 100 caractères au plus.")
    if role == "contributor":
        if not organisation:
            raise Invalid("Un contributeur livre pour une organisation ou une direction : dites laquelle.")
        return Rights(role, Audience(audience or Audience.PROFESSIONAL), organisation)
    if role == READER:
        if audience is None:
            raise Invalid(f"Un lecteur lit l’édition d’une audience : dites laquelle, {' ou '.join(AUDIENCES)}.")
        return Rights(role, Audience(audience), organisation)
    if audience not in (None, Audience.REGION):
        raise Invalid(
            f"Un {ROLES[role]} lit l’édition du Conseil régional : son audience ne peut pas être {audience}."
        )
    return Rights(role, Audience.REGION, organisation)
