"""What a key or a session opens, asked of the database every few seconds and remembered in between.

A revocation acts within these seconds, in every process. What is remembered is named by digests: no secret is kept.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.concurrency import run_in_threadpool

from api.accounts import keys, sessions
from api.accounts.journal import NOBODY, record
from api.accounts.people import Holder
from api.identity.credentials import Given
from api.identity.limits import neighbourhood
from api.office import Office
from geo.errors import OresError

SECONDS = timedelta(seconds=3)
REMEMBERED = 10_000


class TooManyRefused(OresError):
    """So many keys were refused to an address that it has to wait before it tries another."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("Trop de clés refusées à cette adresse : attendez avant d’en essayer une autre.")
        self.wait_s = wait_s


@dataclass(frozen=True)
class _Opening:
    holder: Holder | None
    at: float


class Openings:
    """What this process knows of the credentials it was given; used from the event loop alone."""

    def __init__(self, office: Office, clock: Callable[[], float] = time.monotonic) -> None:
        self._office = office
        self._clock = clock
        self._known: OrderedDict[str, _Opening] = OrderedDict()
        self._asked: dict[str, asyncio.Task[_Opening]] = {}

    async def holder(self, given: Given, address: str) -> Holder | None:
        """Return who holds a credential, or None when it opens nothing.

        Requests that come together ask the database once. Raises TooManyRefused for a key that was not met yet, from
        an address that tried too many: those that work there already go on.
        """
        if not given.secret or len(given.secret) > keys.LONGEST:
            return None
        name = keys.digest(given.secret)
        known = self._known.get(name)
        if known is not None and self._clock() - known.at < SECONDS.total_seconds():
            return known.holder
        if known is None and not given.session:
            wait = self._office.attempts.wait_s(neighbourhood(address))
            if wait:
                raise TooManyRefused(wait)
        asked = self._asked.get(name)
        if asked is None:
            asked = asyncio.create_task(self._ask(name, given, address, new=known is None))
            self._asked[name] = asked
            asked.add_done_callback(lambda _: self._asked.pop(name))
        return (await asyncio.shield(asked)).holder

    async def _ask(self, name: str, given: Given, address: str, new: bool) -> _Opening:
        at = self._clock()
        holder = await run_in_threadpool(self._look, name, given, address, new)
        made = _Opening(holder, at)
        self._known.pop(name, None)
        self._known[name] = made
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return made

    def _look(self, name: str, given: Given, address: str, new: bool) -> Holder | None:
        with self._office.transaction() as conn:
            if given.session:
                return sessions.holder_of(conn, name)
            found = keys.known(conn, name)
            if found is not None and found[1]:
                return found[0]
            if new:  # a client that goes on with a key that ended is refused each time, and noted once
                owner = {} if found is None else {"person": found[0].name, "key": found[0].key_id}
                record(conn, NOBODY, "refused", address, how="address" if given.in_address else "header", **owner)
        if new and found is None:
            self._office.attempts.refuse(neighbourhood(address))
        return None
