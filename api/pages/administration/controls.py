"""The page of a file that waits: what its control found, what is proposed, what is decided, and what comes next."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.accounts.sessions import Signed
from api.office import Office
from api.pages.administration import held, working
from api.pages.administration.held import Held
from api.pages.administration.imports import IMPORTS, choices, manner_of
from api.pages.administration.signing import Form, OfficeRoute, Who, office_of, office_page, to
from api.pages.csp import headers, new_nonce
from geo.errors import Conflict, Invalid, NotFound
from indicators.actors import require_role
from indicators.imports.findings import FAMILIES, SEVERITIES, Family
from indicators.imports.mapping import Mapping
from indicators.imports.recipes import save_recipe
from indicators.journal import record

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

PATH = f"{IMPORTS}/controles/{{identity}}"
SIZE = 50
SECONDS = 2  # between two looks at a control that runs
MOST_DECISIONS = 200_000
RECIPE_CHARACTERS = 500_000
TEXT = "texte"  # the recipe written on the page, among those that have a name


@router.get(PATH)
def control_page(
    request: Request,
    by: Who,
    identity: str,
    famille: Annotated[str, Query(max_length=40)] = "",
    vue: Annotated[str, Query(pattern="^(constats|acceptees)$")] = "constats",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the report of a control, or the page that waits for it."""
    office, one, running = _found(request, by, identity)
    if running:
        waiting = office_page(request, by, "attente.html", rubrique="imports", controle=one)
        waiting.headers["Refresh"] = str(SECONDS)
        return waiting
    if one.kept is not None:
        one.remove()
        return to(request, f"{IMPORTS}/{one.kept}")
    if famille and famille not in set(Family):
        raise Invalid("Cette famille de constats n’existe pas.")
    report = one.report
    failure = office.jobs.failure(working.name(one.id))
    with office.transaction() as conn:
        known = choices(conn)
    listed = _listed(one, report, vue, famille, page)
    return office_page(
        request,
        by,
        "controle.html",
        rubrique="imports",
        controle=one,
        rapport=report,
        echec=failure,
        vue=vue,
        famille=famille,
        familles=FAMILIES,
        gravites=SEVERITIES,
        decision=lambda key: _decision(one, key),
        texte=one.mapping or (report or {}).get("mapping", ""),
        choisi=TEXT if one.mapping else one.recipe,
        **known,
        **listed,
    )


@router.post(PATH)
def decide(request: Request, form: Form, identity: str) -> Response:
    """Take note of the decisions of the page; run the control again where that is asked for."""
    office, one = _idle(request, form.by, identity)
    one = _decided(one, form.fields)
    if form.fields.get("acte") == "relancer":
        working.start_control(office, one)
        return to(request, f"{IMPORTS}/controles/{one.id}")
    family = form.text("famille", 40)
    view = "acceptees" if form.text("vue", 20) == "acceptees" else "constats"
    page = form.text("page", 6)
    query = (
        f"?vue={view}&famille={family if family in set(Family) else ''}&page={page if page.isdecimal() else '1'}"
    )
    return to(request, f"{IMPORTS}/controles/{one.id}{query}#constats")


@router.post(f"{PATH}/lecture")
def read_otherwise(request: Request, form: Form, identity: str) -> Response:
    """Read the file in another manner: decisions are forgotten, they were about other cells."""
    office, one = _idle(request, form.by, identity)
    manner = manner_of(form.fields)
    written = form.text("correspondance", RECIPE_CHARACTERS) if manner["recipe"] == TEXT else ""
    if manner["recipe"] == TEXT:
        if not written:
            raise Invalid("La recette écrite est vide : écrivez-la, ou choisissez-en une autre.")
        manner["recipe"] = ""
    one = one.changed(**manner, mapping=written, accepted=(), refused=())
    working.start_control(office, one)
    return to(request, f"{IMPORTS}/controles/{one.id}")


@router.post(f"{PATH}/garder")
def keep_draft(request: Request, form: Form, identity: str) -> Response:
    """Keep the file as a draft, once nothing blocks any more."""
    office, one = _idle(request, form.by, identity)
    require_role(form.by.actor, "contributor", "validator")
    if one.report is None or one.report["error"]:
        raise Conflict("Ce fichier n’a pas encore été contrôlé jusqu’au bout.")
    working.start_keeping(office, one, form.by.actor)
    return to(request, f"{IMPORTS}/controles/{one.id}")


@router.post(f"{PATH}/abandonner")
def abandon(request: Request, form: Form, identity: str) -> Response:
    """Forget a file, and all that was found of it."""
    _, one = _idle(request, form.by, identity)
    one.remove()
    return to(request, IMPORTS)


@router.post(f"{PATH}/recette")
def keep_recipe(request: Request, form: Form, identity: str) -> Response:
    """Keep how the file was read under a name, for the next one."""
    office, one = _idle(request, form.by, identity)
    require_role(form.by.actor, "validator")
    text = (one.report or {}).get("mapping")
    if not text:
        raise Conflict("Il n’y a pas encore de recette : le contrôle ne s’est pas terminé.")
    name = form.text("nom", 60)
    with office.transaction() as conn:
        # the period is of this delivery alone
        save_recipe(conn, name, Mapping.from_toml(text).model_copy(update={"period": ""}))
        record(conn, form.by.actor, "recipe-saved", recipe=name)
    return to(request, f"{IMPORTS}/controles/{one.id}")


@router.get(f"{PATH}/rapport.csv")
def report_csv(request: Request, by: Who, identity: str) -> Response:
    """Return the report, line by line, for a spreadsheet."""
    return _file(request, by, identity, held.CSV, "text/csv; charset=utf-8", "rapport-de-controle.csv")


@router.get(f"{PATH}/rapport.json")
def report_json(request: Request, by: Who, identity: str) -> Response:
    """Return the report, whole, for a program."""
    return _file(request, by, identity, held.JSON, "application/json", "rapport-de-controle.json")


def _file(request: Request, by: Signed, identity: str, name: str, kind: str, filename: str) -> Response:
    _, one, _ = _found(request, by, identity)
    path = one.folder / name
    if not path.is_file():
        raise NotFound("Ce contrôle n’a pas encore de rapport.")
    told = headers(new_nonce()) | {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{filename}"',
    }
    return Response(path.read_bytes(), 200, told, kind)


def _found(request: Request, by: Signed, identity: str) -> tuple[Office, Held, bool]:
    """A file that waits, and whether work on it runs: for the organisation that brought it, and for who validates.

    For others there is none.
    """
    office = office_of(request)
    running = office.jobs.running(working.name(identity))  # asked first: of work that ended, the end is then read
    one = held.find(office.folder, identity)
    if not one.name or not by.delivers(one.owner, one.organisation):
        raise held.unknown()
    return office, one, running


def _idle(request: Request, by: Signed, identity: str) -> tuple[Office, Held]:
    """The same, when nothing runs on it. Raises Conflict."""
    office, one, running = _found(request, by, identity)
    if running or one.kept is not None:
        raise Conflict("Le contrôle de ce fichier est en cours : attendez qu’il se termine.")
    return office, one


def _decided(one: Held, fields: dict[str, str]) -> Held:
    """Return a file with the decisions of a form added to those there were: `oui`, `non`, or neither any more."""
    accepted, refused = set(one.accepted), set(one.refused)
    for field, answer in fields.items():
        kind, _, name = field.partition(".")
        if kind != "d" or answer not in ("oui", "non", ""):
            continue
        if name.partition("/")[0] not in set(Family) or len(name) > 60:
            raise Invalid("Une décision porte sur une correction inconnue.")
        accepted.discard(name)
        refused.discard(name)
        if answer:
            (accepted if answer == "oui" else refused).add(name)
    if len(accepted) + len(refused) > MOST_DECISIONS:
        raise Invalid("Trop de décisions une par une : décidez par famille.")
    return one.changed(accepted=tuple(sorted(accepted)), refused=tuple(sorted(refused)))


def _decision(one: Held, name: str) -> str:
    return "oui" if name in one.accepted else "non" if name in one.refused else ""


def _listed(one: Held, report: dict[str, Any] | None, view: str, family: str, page: int) -> dict[str, Any]:
    """The lines of one page of a view."""
    if report is None or report["error"]:
        return {"lignes": [], "total": 0, "numero": 1, "pages": 1}
    if view == "acceptees":
        counts = {name: found["accepted"] for name, found in report["proposed"].items()}
        name = held.ACCEPTED
    else:
        counts, name = report["listed"], held.FINDINGS
    total = counts.get(family, 0) if family else sum(counts.values())
    pages = max(1, -(-total // SIZE))
    at = min(page, pages)
    lines = one.lines(name, (at - 1) * SIZE, SIZE, family)
    return {"lignes": lines, "total": total, "numero": at, "pages": pages}
