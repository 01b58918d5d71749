"""What a policy and a rule of secrecy ask, in French words: for the back office, the journal and the command line."""

from boundaries.levels import LABELS as LEVELS
from geo.clock import PARIS
from indicators.catalogue import catalogue
from indicators.policy.rows import Policy
from indicators.secrecyrule import Rule

OPEN = "ouvert"


def words(policy: Policy) -> list[str]:
    """Return what a policy asks, one phrase each; OPEN alone where it restricts nothing.

    >>> from boundaries.levels import Level
    >>> from boundaries.readers import Audience
    >>> words(Policy("population", Audience.PUBLIC, Level.EPCI, "2016", rounding=5.0))
    ['niveau le plus fin : EPCI', 'à partir de 2016', 'arrondi à 5 hab.']
    >>> words(Policy("population", Audience.PUBLIC))
    ['ouvert']
    """
    said = [] if policy.shown else ["existence cachée"]
    if policy.embargo is not None:
        said.append(f"sous embargo jusqu’au {policy.embargo.astimezone(PARIS):%d/%m/%Y à %H:%M}")
    if policy.finest_level is not None:
        said.append(f"niveau le plus fin : {LEVELS[policy.finest_level][0]}")
    first, last = policy.first_period, policy.last_period
    if first and last:
        said.append(f"de {first} à {last}" if first != last else f"{first} seule")
    elif first or last:
        said.append(f"à partir de {first}" if first else f"jusqu’à {last}")
    if policy.rounding is not None:
        unit = catalogue()[policy.indicator].unit_short
        said.append(f"arrondi à {number(policy.rounding)} {unit}".rstrip())
    if policy.minimum_population is not None:
        said.append(f"territoires de {number(policy.minimum_population)} habitants ou plus")
    said += sorted({f"secret : {one.rule.name}" for one in policy.rules})
    return said or [OPEN]


def rule_words(rule: Rule) -> list[str]:
    """Return what a rule of secrecy asks, one phrase each.

    >>> from datetime import date
    >>> rule_words(Rule("Entreprises", "Insee", date(2024, 1, 1), threshold=3, dominance=(1, 85)))
    ['au moins 3 unités, ou aucune', 'le premier contributeur à 85 % au plus']
    """
    said = []
    if rule.threshold:
        said.append(
            f"au moins {number(rule.threshold)} unités" + (", ou aucune" if not rule.zero_is_secret else "")
        )
    if rule.zero_is_secret:
        said.append("zéro est secret")
    if rule.dominance is not None:
        many, per_cent = rule.dominance
        those = "le premier contributeur" if many == 1 else f"les {many} premiers contributeurs"
        said.append(f"{those} à {number(per_cent)} % au plus")
    if rule.p_percent is not None:
        said.append(f"le premier contributeur protégé à {number(rule.p_percent)} %")
    if rule.minimum_population is not None:
        said.append(f"territoires de {number(rule.minimum_population)} habitants ou plus")
    return said or ["rien"]


def number(value: float) -> str:
    """Return a number with a decimal comma and narrow spaces between thousands, without useless decimals.

    >>> number(20000.0), number(0.5)
    ('20\\u202f000', '0,5')
    """
    whole = int(value) if float(value).is_integer() else value
    return f"{whole:,}".replace(",", "\u202f").replace(".", ",")
