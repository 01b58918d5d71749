"""What SDMX codes say in our words: the status of an observation, the level of a territory."""

import re
from collections.abc import Mapping
from functools import lru_cache

from boundaries.levels import Level
from geo.errors import Invalid
from indicators.statuses import Status

# SDMX CL_OBS_STATUS 2.3. Codes that say something of a value that is there; the value itself is as good as another
# where only its definition or its neighbours differ (A normal, B break in the series, D definition differs,
# G experimental, J derogation, K in another category, S strike or special event, W includes another category).
OF_PRESENT: dict[str, Status] = {
    "A": Status.OBSERVED,
    "B": Status.OBSERVED,
    "D": Status.OBSERVED,
    "G": Status.OBSERVED,
    "J": Status.OBSERVED,
    "K": Status.OBSERVED,
    "S": Status.OBSERVED,
    "W": Status.OBSERVED,
    "E": Status.ESTIMATED,
    "F": Status.ESTIMATED,  # forecast
    "I": Status.ESTIMATED,  # imputed
    "N": Status.NOT_SIGNIFICANT,
    "U": Status.NOT_SIGNIFICANT,  # low reliability
    "P": Status.PROVISIONAL,
    "V": Status.PROVISIONAL,  # not validated
}
# The same list, of a value that is not there. Insee’s own labels in Melodi: L “non disponible: nd”, M “sans objet: so”.
OF_ABSENT: dict[str, Status] = {
    "H": Status.MISSING,  # holiday
    "L": Status.MISSING,  # exists, not collected
    "O": Status.MISSING,
    "M": Status.NOT_APPLICABLE,  # cannot exist
    "Q": Status.SECRET,  # suppressed
}
# Insee’s OBS_STATUS_FR: définitif, semi-définitif, provisoire.
OF_VERSION = {"D": Status.OBSERVED, "SD": Status.PROVISIONAL, "PROV": Status.PROVISIONAL}
# SDMX CL_CONF_STATUS 1.4: F is free; every other code forbids publication (A small count, C confidential,
# D and S secondary, E embargo, G, O and T dominance, M other concentration, N internal use, X military).
FREE, CONFIDENTIAL = "F", frozenset("ACDEGMNOSTX")

STATUS_COLUMNS = ("OBS_STATUS", "OBS_STATUS_FR", "CONF_STATUS")

GEO = re.compile(r"(?:(?P<year>\d{4})-)?(?P<object>[A-Z]+)(?P<vintage>\d{4})?-(?P<code>[^-\s]+)")
# Insee’s GEO_OBJECT; zonings carry the year of their definition (ZE2020). UU is not in a recorded answer (to verify).
LEVELS: dict[str, Level] = {
    "COM": Level.COMMUNE,
    "ARM": Level.ARRONDISSEMENT_MUNICIPAL,
    "EPCI": Level.EPCI,
    "ARR": Level.ARRONDISSEMENT,
    "DEP": Level.DEPARTEMENT,
    "REG": Level.REGION,
    "FRANCE": Level.FRANCE,
    "ZE": Level.ZONE_EMPLOI,
    "BV": Level.BASSIN_DE_VIE,
    "AAV": Level.AIRE_ATTRACTION,
    "UU": Level.UNITE_URBAINE,
}


def status_of(attributes: Mapping[str, str | None], present: bool) -> Status:
    """Return the status of an observation, from its SDMX attributes and whether it has a value.

    Confidentiality wins over everything, a value that should not have been sent included: a missing one is never
    called secret without a code that says so. OBS_STATUS comes next, then Insee’s OBS_STATUS_FR. A value marked as
    absent (L, M, O, Q) although it is there is not trusted: its mark wins. Raises Invalid for an unknown code.

    >>> status_of({"OBS_STATUS": "A", "OBS_STATUS_FR": "PROV"}, True), status_of({}, False)
    (<Status.PROVISIONAL: 'provisional'>, <Status.MISSING: 'missing'>)
    >>> status_of({"OBS_STATUS": "M"}, False), status_of({"OBS_STATUS": "A", "CONF_STATUS": "C"}, False)
    (<Status.NOT_APPLICABLE: 'not-applicable'>, <Status.SECRET: 'secret'>)
    """
    observed, version, secrecy = (attributes.get(column) for column in STATUS_COLUMNS)
    for column, code, known in (
        ("OBS_STATUS", observed, OF_PRESENT.keys() | OF_ABSENT.keys()),
        ("OBS_STATUS_FR", version, OF_VERSION.keys()),
        ("CONF_STATUS", secrecy, CONFIDENTIAL | {FREE}),
    ):
        if code is not None and code not in known:
            accepted = ", ".join(sorted(known))
            raise Invalid(
                f"Le code «\u202f{code}\u202f» de {column} est inconnu. Codes acceptés\u202f: {accepted}."
            )
    if secrecy in CONFIDENTIAL:
        return Status.SECRET
    if observed in OF_ABSENT:
        return OF_ABSENT[observed]
    said = OF_PRESENT[observed or "A"]
    if not present:
        return said if said is Status.NOT_SIGNIFICANT else Status.MISSING
    return OF_VERSION[version or "D"] if said is Status.OBSERVED else said


@lru_cache(maxsize=100_000)
def territory(text: str) -> tuple[str | None, str | None, str]:
    """Return the geography's year, the level in our words and the code of an Insee territory.

    A level that is not ours keeps Insee’s word, a text of another form is a code alone.

    >>> territory("2024-COM-44109"), territory("2026-AAV2020-001"), territory("DEP-2A")
    (('2024', 'commune', '44109'), ('2026', 'aire-attraction', '001'), (None, 'departement', '2A'))
    >>> territory("2022-OTHER-99"), territory("44109")
    (('2022', 'OTHER', '99'), (None, None, '44109'))
    """
    found = GEO.fullmatch(text)
    if found is None:
        return None, None, text
    level = LEVELS.get(found["object"])
    return found["year"], level.value if level else found["object"] + (found["vintage"] or ""), found["code"]
