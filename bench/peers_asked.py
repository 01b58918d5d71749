"""The SQL of our own answers, written out so that any driver can ask it again."""

import asyncio
import re
from collections.abc import Sequence

import psycopg
import sqlalchemy as sa
from sql import Heard, Statement, alone
from wire import Client, served

from api.app import create_app
from api.documents import Documents
from api.editions import OPTIONS
from api.settings import Settings


def statements(settings: Settings, url: sa.URL, paths: Sequence[str]) -> list[str]:
    """Return the main statement behind each path: the longest, the others only look things up."""
    application = create_app(settings)
    application.state.public.versions.refresh()
    heard = Heard(application)
    found = []
    with served(application) as port, alone(url, OPTIONS) as psql:
        client = Client(port)
        for path in paths:
            application.state.public.documents = Documents()
            heard.forget()
            client.get(path)
            found.append(_literal(psql, heard.main()))
    asyncio.run(application.state.public.asking.close())
    application.state.public.engine.dispose()
    return found


def _literal(psql: psycopg.Connection, asked: Statement) -> str:
    """Write the values of a statement in it."""
    if not asked.libpq:
        return psycopg.ClientCursor(psql).mogrify(asked.text, asked.parameters)
    values = ["'" + value.replace("'", "''") + "'" for value in asked.written]
    return re.sub(r"\$(\d+)", lambda place: values[int(place[1]) - 1], asked.text)
