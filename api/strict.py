"""Routes that refuse what they do not know, and that know when what they serve changed."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from starlette.responses import Response

from api.editions import edition_of
from api.filling import FillingRoute
from geo.errors import Invalid


class StrictRoute(FillingRoute):
    """A route that answers 400 to an unknown or repeated query parameter, naming those it knows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, behind the check of the query."""
        handle = super().get_route_handler()
        known = sorted(query_names(self.dependant))

        async def checked(request: Request) -> Response:
            given = [name for name, _ in request.query_params.multi_items()]
            unknown = sorted(set(given) - set(known))
            if unknown:
                accepted = (
                    f"Paramètres acceptés : {', '.join(known)}." if known else "Aucun paramètre n’est accepté ici."
                )
                raise Invalid(f"Paramètre inconnu : {', '.join(name[:50] for name in unknown)}. {accepted}")
            refuse_repeated(request)
            # Before anything is read: what changes meanwhile must not be dated later than what was read.
            request.state.changed = edition_of(request).versions.now.changed
            return await handle(request)

        return checked


def refuse_repeated(request: Request) -> None:
    """Do nothing where each parameter is given once. Raises Invalid for one that is given several times."""
    given = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        told = ", ".join(name[:50] for name in twice)
        raise Invalid(f"Paramètre donné plusieurs fois : {told}. Un seul est accepté.")


def query_names(dependant: Dependant) -> set[str]:
    """Return the query parameters of a route and of everything it depends on."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*(query_names(inner) for inner in dependant.dependencies))
