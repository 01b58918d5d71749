"""`/administration/diffusion`: what each audience may see of each indicator, read and changed by validators."""

import io
from collections import defaultdict
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.accounts import sessions
from api.accounts.sessions import Signed
from api.pages.administration import policyform, working
from api.pages.administration.deliveries import reason_of
from api.pages.administration.receiving import receive
from api.pages.administration.signing import (
    HOME,
    Form,
    OfficeRoute,
    Posted,
    Who,
    office_of,
    office_page,
    to,
    token_of,
)
from api.pages.rows import sort_key
from boundaries.levels import LABELS as LEVELS
from boundaries.readers import LABELS, Audience
from geo.errors import Conflict, Invalid, NotFound, TooLarge
from indicators.actors import require_role
from indicators.catalogue import catalogue
from indicators.catalogue import indicator as sheet_of
from indicators.policy import Policies, export_policies, import_policies, read_policies
from indicators.policy.rows import FINEST_FIRST
from indicators.policy.storing import change_rows, change_rule, remove_rule
from indicators.policy.wording import rule_words, words

router = APIRouter(route_class=OfficeRoute, include_in_schema=False)

POLICIES = f"{HOME}/diffusion"
ROW = f"{POLICIES}/indicateurs/{{indicator}}/{{audience}}"
RULE = f"{POLICIES}/secret"
FILE_BYTES = 1_000_000  # the catalogue's whole policy is a fiftieth of it
SECONDS = 2


@router.get(POLICIES)
def policies_page(
    request: Request,
    by: Who,
    theme: Annotated[str, Query(max_length=100)] = "",
    montrer: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Return the whole policy: a row for each indicator, a column for each audience, then the rules of secrecy."""
    require_role(by.actor, "validator")
    return _page(request, by, theme, montrer)


@router.get(f"{POLICIES}/regles-de-diffusion.toml")
def download(request: Request, by: Who) -> Response:
    """Return the policy as a file."""
    require_role(by.actor, "validator")
    with office_of(request).transaction() as conn:
        text = export_policies(conn)
    headers = {
        "Content-Disposition": 'attachment; filename="regles-de-diffusion.toml"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, 200, headers, "application/toml; charset=utf-8")


@router.post(f"{POLICIES}/fichier")
async def upload(request: Request, by: Who) -> Response:
    """Replace the whole policy by that of a file; one that is refused changes nothing, and why is said."""
    require_role(by.actor, "validator")

    def accept(fields: dict[str, str]) -> None:
        sessions.require_proof(token_of(request), fields.get("preuve", ""))

    into = _Short()
    received = await receive(request, into, accept)
    return await run_in_threadpool(_import, request, by, received.name, into.getvalue())


@router.post(f"{POLICIES}/publier")
def publish(request: Request, form: Form) -> Response:
    """Begin a publication: what was decided takes effect."""
    require_role(form.by.actor, "validator")
    close = reason_of(form) if form.text("fermer") else ""
    if not working.start_publication(office_of(request), None, form.by.actor, lambda conn, actor: None, close):
        raise Conflict("Une publication est déjà en cours.")
    return to(request, POLICIES)


@router.get(ROW)
def row_page(request: Request, by: Who, indicator: str, audience: str) -> Response:
    """Return the form of what an audience may see of an indicator."""
    return _row_form(request, by, indicator, _audience(audience))


@router.post(ROW)
def change(request: Request, form: Form, indicator: str, audience: str) -> Response:
    """Change what an audience, and others if asked, may see of an indicator; a refused form is shown again."""
    mine = _audience(audience)
    concerned = [one for one in Audience if one == mine or form.text(f"aussi.{one}")]
    try:
        with office_of(request).transaction() as conn:
            policies = read_policies(conn)
            rows = [policyform.read_row(form, sheet_of(indicator).id, one, policies) for one in concerned]
            change_rows(conn, rows, form.by.actor, form.text("vu"))
    except Invalid as refusal:
        return _row_form(request, form.by, indicator, mine, refusal.detail, form)
    return to(request, f"{POLICIES}#{indicator}")


@router.get(RULE)
def rule_page(request: Request, by: Who, nom: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Return the form of a rule of secrecy, or of a new one."""
    return _rule_form(request, by, nom)


@router.post(RULE)
def save_rule(request: Request, form: Form, nom: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Add a rule of secrecy, change one wherever it applies, or remove one; a refused form is shown again."""
    try:
        with office_of(request).transaction() as conn:
            if form.text("acte") == "retirer":
                remove_rule(conn, nom, form.by.actor, form.text("vu"))
                return to(request, f"{POLICIES}#secret")
            rule = policyform.read_rule(form)
            known = {one.name for one in read_policies(conn).rules}
            if nom and rule.name != nom:
                raise Invalid("Une règle garde son nom : ajoutez-en une autre, puis retirez celle-ci.")
            if not nom and rule.name in known:
                raise Invalid(f"La règle « {rule.name} » existe déjà : changez-la, ou donnez un autre nom.")
            change_rule(conn, rule, form.by.actor, form.text("vu"))
    except (Invalid, Conflict) as refusal:
        return _rule_form(request, form.by, nom, refusal.detail, form)
    return to(request, f"{POLICIES}#secret")


class _Short(io.BytesIO):
    """A file that is kept in memory, and must be short."""

    def write(self, data: Any) -> int:
        """Keep some bytes. Raises TooLarge."""
        if self.tell() + len(data) > FILE_BYTES:
            raise TooLarge(
                f"Ce fichier dépasse {FILE_BYTES // 1_000_000} Mo : ce ne sont pas des règles de diffusion."
            )
        return super().write(data)


def _import(request: Request, by: Signed, name: str, content: bytes) -> Response:
    try:
        with office_of(request).transaction() as conn:
            import_policies(conn, content.decode("utf-8-sig"), by.actor, name)
    except UnicodeDecodeError:
        return _page(request, by, refusal=f"Le fichier {name} n’est pas du texte en UTF-8.")
    except Invalid as error:
        return _page(request, by, refusal=error.detail)
    return to(request, POLICIES)


def _page(request: Request, by: Signed, theme: str = "", shown: str = "", refusal: str = "") -> Response:
    """The page of the policy; where what is stored cannot be applied any more, why, and the way to replace it."""
    office = office_of(request)
    running = office.jobs.running(working.publication(None))  # asked first: of what ended, the end is then read
    policies, unusable = Policies(), ""
    try:
        with office.transaction() as conn:
            policies = read_policies(conn)
    except Invalid as error:
        unusable = error.detail
    listed = [
        sheet
        for sheet in sorted(catalogue().values(), key=lambda sheet: (sort_key(sheet.theme), sort_key(sheet.label)))
        if theme in ("", sheet.theme) and not (shown == "restreints" and policies.is_open(sheet.id))
    ]
    users: dict[str, list[str]] = {}
    for row in policies.rows:
        for applied in row.rules:
            of_rule = users.setdefault(applied.rule.name, [])
            if catalogue()[row.indicator].label not in of_rule:
                of_rule.append(catalogue()[row.indicator].label)
    answer = office_page(
        request,
        by,
        "diffusion.html",
        400 if refusal else 200,
        rubrique="diffusion",
        lignes=[
            (name, [(sheet, [_cell(policies, sheet.id, audience) for audience in Audience]) for sheet in sheets])
            for name, sheets in groupby(listed, key=lambda sheet: sheet.theme)
        ],
        audiences=LABELS,
        themes=sorted({sheet.theme for sheet in catalogue().values()}, key=sort_key),
        theme=theme,
        montrer=shown,
        total=len(listed),
        regles=[(rule, rule_words(rule), users.get(rule.name, [])) for rule in policies.rules],
        refus=refusal,
        inutilisable=unusable,
        en_cours=running,
        echec=office.jobs.failure(working.publication(None)),
    )
    if running:
        answer.headers["Refresh"] = str(SECONDS)
    return answer


def _cell(policies: Policies, indicator: str, audience: Audience) -> dict[str, Any]:
    found = policies.of(indicator, audience)
    return {
        "audience": audience,
        "phrases": words(found),
        "ouvert": found.restricts_nothing,
        "de": policyform.inherited_from(policies, indicator, audience),
    }


def _row_form(
    request: Request, by: Signed, indicator: str, audience: Audience, refusal: str = "", sent: Posted | None = None
) -> Response:
    require_role(by.actor, "validator")
    sheet = sheet_of(indicator)
    with office_of(request).transaction() as conn:
        policies = read_policies(conn)
    own = policies.own(indicator, audience)
    return office_page(
        request,
        by,
        "diffusion-indicateur.html",
        400 if refusal else 200,
        rubrique="diffusion",
        fiche=sheet,
        audience=audience,
        audiences=LABELS,
        champs=defaultdict(str, policyform.shown(own) if sent is None else sent.fields),
        vu=policies.digest if sent is None else sent.text("vu"),
        toutes=[(LABELS[one], words(policies.of(indicator, one))) for one in Audience],
        de=policyform.inherited_from(policies, indicator, audience),
        niveaux=[(level, LEVELS[level][0]) for level in FINEST_FIRST],
        regles=[(rule, rule_words(rule)) for rule in policies.rules],
        comptes=[(name, one.label) for name, one in sorted(catalogue().items()) if one.nature.additive],
        refus=refusal,
    )


def _rule_form(request: Request, by: Signed, name: str, refusal: str = "", sent: Posted | None = None) -> Response:
    require_role(by.actor, "validator")
    with office_of(request).transaction() as conn:
        policies = read_policies(conn)
    rule = next((one for one in policies.rules if one.name == name), None)
    if name and rule is None:
        raise NotFound(f"Il n’y a pas de règle de secret « {name} ».")
    used = sorted({row.indicator for row in policies.rows if name in {one.rule.name for one in row.rules}})
    return office_page(
        request,
        by,
        "diffusion-secret.html",
        400 if refusal else 200,
        rubrique="diffusion",
        nom=name,
        champs=defaultdict(str, policyform.rule_shown(rule) if sent is None else sent.fields),
        vu=policies.digest if sent is None else sent.text("vu"),
        usages=[catalogue()[one].label for one in used],
        refus=refusal,
    )


def _audience(given: str) -> Audience:
    if given not in LABELS:
        raise NotFound(f"Audience inconnue : « {given[:40]} ». Audiences : {', '.join(Audience)}.")
    return Audience(given)
