"""A PostGIS server given by its address: whether it can serve, told before anything is written to it."""

import re
from dataclasses import dataclass
from urllib.parse import quote

import sqlalchemy as sa
from psycopg import errors as postgres_errors

from geo.errors import Conflict, Forbidden, Invalid, NotFound

MINIMUM_POSTGRESQL = 15
MINIMUM_POSTGIS = (3, 3)
CONNECT_SECONDS = 10
EXTENSIONS = {"postgis": "CREATE EXTENSION postgis", "btree_gist": "CREATE EXTENSION btree_gist"}
FORM = "postgresql://compte:mot_de_passe@serveur:5432/base"


@dataclass(frozen=True)
class ServerReport:
    """The versions of a server that can serve."""

    postgresql: str
    postgis: str


def parse(url: str) -> sa.URL:
    """Return the address for psycopg, whichever way it names PostgreSQL (postgres://, postgresql://…).

    Raises Invalid, without repeating the address: it may hold a password.

    >>> parse("postgres://ores:secret@db:5432/ores").render_as_string()
    'postgresql+psycopg://ores:***@db:5432/ores'
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise Invalid(
            f"DATABASE_URL n’est pas une adresse de base de données\u202f; forme attendue\u202f: {FORM}."
        ) from None
    if parsed.drivername.partition("+")[0] not in {"postgres", "postgresql"}:
        raise Invalid(
            f"DATABASE_URL désigne une base «\u202f{parsed.drivername}\u202f»\u202f: "
            f"seul PostgreSQL convient ({FORM})."
        )
    return parsed.set(drivername="postgresql+psycopg")


def redacted(url: str) -> str:
    """Return the address with its password hidden, fit to be shown."""
    return _shown(parse(url))


def _shown(address: sa.URL) -> str:
    return address.set(drivername="postgresql").render_as_string(hide_password=True)


def check_server(url: str) -> ServerReport:
    """Return what answers at this address; everything tried there is rolled back.

    Each thing that may lack has its own sentence: Invalid (malformed address), Conflict (unreachable, too
    old, read-only), NotFound (PostGIS not installed), Forbidden (connection or rights refused).
    """
    address = parse(url)
    engine = sa.create_engine(
        address,
        poolclass=sa.NullPool,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )
    try:
        connection = engine.connect()
    except sa.exc.DBAPIError as error:
        raise _unreachable(address, str(error.orig)) from None
    with connection:
        _check_writable(connection)
        version = _check_postgresql(connection)
        postgis = _check_postgis(connection)
        _check_rights(connection, address)
    return ServerReport(version, postgis)


def _unreachable(address: sa.URL, words: str) -> Conflict | Forbidden:
    """Return the error that tells a server which refuses from one which does not answer, password removed."""
    said = " ".join(words.split())
    if address.password:
        for form in {
            str(address.password),
            quote(str(address.password)),
            quote(str(address.password), safe=""),
        }:
            said = said.replace(form, "***")
    where = _shown(address)
    if "FATAL" in words:
        return Forbidden(
            f"Le serveur de {where} refuse la connexion\u202f: vérifiez le compte, le mot de passe et le nom "
            f"de la base dans DATABASE_URL. Sa réponse\u202f: {said}"
        )
    return Conflict(
        f"Aucun serveur PostgreSQL ne répond à {where}\u202f: vérifiez l’adresse et le port dans DATABASE_URL, "
        f"et que le serveur est démarré. Détail\u202f: {said}"
    )


def _check_writable(connection: sa.Connection) -> None:
    if connection.scalar(sa.text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'")):
        raise Conflict(
            "Ce serveur est en lecture seule (une réplique)\u202f: donnez l’adresse du serveur principal."
        )


def _check_postgresql(connection: sa.Connection) -> str:
    number = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int"))
    version = str(connection.scalar(sa.text("SHOW server_version")))
    if number // 10000 < MINIMUM_POSTGRESQL:
        raise Conflict(
            f"Ce serveur est PostgreSQL {version}\u202f: il faut la version {MINIMUM_POSTGRESQL} ou plus."
        )
    return version


def _check_postgis(connection: sa.Connection) -> str:
    installed = connection.scalar(sa.text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'"))
    offered = connection.scalar(
        sa.text("SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'")
    )
    version = installed or offered
    if version is None:
        number = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int")) // 10000
        raise NotFound(
            f"PostGIS n’est pas installé sur ce serveur\u202f: son administrateur doit y installer le paquet "
            f"postgresql-{number}-postgis-3."
        )
    if _numbers(version) < MINIMUM_POSTGIS:
        advice = "installez une version plus récente"
        if installed and offered and _numbers(offered) >= MINIMUM_POSTGIS:
            advice = f"la version {offered} y est prête, exécutez «\u202fALTER EXTENSION postgis UPDATE\u202f»"
        least = ".".join(map(str, MINIMUM_POSTGIS))
        raise Conflict(f"Ce serveur a PostGIS {version}\u202f: il faut la version {least} ou plus ({advice}).")
    return str(version)


def _numbers(version: str) -> tuple[int, ...]:
    """Return what orders versions: "3.10.1dev" is after "3.9".

    >>> _numbers("3.10.1dev")
    (3, 10, 1)
    """
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _check_rights(connection: sa.Connection, address: sa.URL) -> None:
    """Try each right for real: groups, owners and trusted extensions make any deduction wrong somewhere."""
    account = connection.scalar(sa.text("SELECT current_user"))
    base = address.database or account
    if not _allowed(connection, "CREATE SCHEMA ores_essai_de_droits"):
        raise Forbidden(
            f"Le compte «\u202f{account}\u202f» ne peut pas créer de schéma\u202f: l’administrateur doit exécuter "
            f"«\u202fGRANT CREATE ON DATABASE {base} TO {account};\u202f»."
        )
    if not _allowed(connection, "CREATE TABLE ores_essai_de_droits ()"):
        schema = connection.scalar(sa.text("SELECT current_schema()")) or "public"
        raise Forbidden(
            f"Le compte «\u202f{account}\u202f» ne peut pas créer de table dans le schéma "
            f"«\u202f{schema}\u202f»\u202f: l’administrateur doit exécuter "
            f"«\u202fGRANT USAGE, CREATE ON SCHEMA {schema} TO {account};\u202f» "
            f"dans la base «\u202f{base}\u202f»."
        )
    installed = set(connection.scalars(sa.text("SELECT extname FROM pg_extension")))
    for extension, statement in EXTENSIONS.items():
        if extension not in installed and not _allowed(connection, statement):
            raise Forbidden(
                f"Le compte «\u202f{account}\u202f» ne peut pas créer l’extension {extension}\u202f: "
                f"l’administrateur doit exécuter "
                f"«\u202fCREATE EXTENSION {extension};\u202f» dans la base «\u202f{base}\u202f»."
            )


def _allowed(connection: sa.Connection, statement: str) -> bool:
    trial = connection.begin_nested()
    try:
        connection.execute(sa.text(statement))
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, postgres_errors.InsufficientPrivilege | postgres_errors.InvalidSchemaName):
            return False
        raise
    finally:
        trial.rollback()
    return True
