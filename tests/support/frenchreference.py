"""A small France of real codes, names and postal codes, in four geographies, to diagnose files against."""

from boundaries.levels import Level
from indicators.imports.reference import Reference

YEARS = (2022, 2023, 2024, 2025)
COMMUNES = {
    "01001": ("L'Abergement-Clémenciat", "01400"),
    "01002": ("L'Abergement-de-Varey", "01640"),
    "01004": ("Ambérieu-en-Bugey", "01500"),
    "01053": ("Bourg-en-Bresse", "01000"),
    "13055": ("Marseille", ""),
    "2A004": ("Ajaccio", "20000 20090 20167"),
    "2A041": ("Bonifacio", "20169"),
    "2B033": ("Bastia", "20200 20600"),
    "44003": ("Ancenis-Saint-Géréon", "44150"),
    "44020": ("Bouguenais", "44340"),
    "44035": ("La Chapelle-sur-Erdre", "44240"),
    "44047": ("Couëron", "44220"),
    "44100": ("Monnières", "44690"),
    "44109": ("Nantes", "44000 44100 44200 44300"),
    "44143": ("Rezé", "44400"),
    "44162": ("Saint-Herblain", "44800"),
    "44180": ("Vallons-de-l'Erdre", "44540"),
    "44184": ("Saint-Nazaire", "44600"),
    "44190": ("Sautron", "44880"),
    "44215": ("Vertou", "44120"),
    "49007": ("Angers", "49000 49100"),
    "49099": ("Cholet", "49300"),
    "49328": ("Saumur", "49400"),
    "53130": ("Laval", "53000"),
    "53147": ("Mayenne", "53100"),
    "69123": ("Lyon", ""),
    "72154": ("La Flèche", "72200"),
    "72181": ("Le Mans", "72000 72100"),
    "75056": ("Paris", ""),
    "85084": ("Essarts en Bocage", "85140"),
    "85109": ("Les Herbiers", "85500"),
    "85113": ("L'Île-d'Yeu", "85350"),
    "85191": ("La Roche-sur-Yon", "85000"),
    "85194": ("Les Sables-d'Olonne", "85100 85340"),
}
ONLY = {  # communes of some years alone
    "49069": ("Orée d'Anjou", "49270", (2022, 2023, 2024)),
    "49126": ("Orée d'Anjou", "49270", (2025,)),
    "85165": ("L'Oie", "85140", (2024, 2025)),
    "85212": ("Sainte-Florence", "85140", (2024, 2025)),
}
CITIES = {"75056": ("Paris", 75101, 20), "69123": ("Lyon", 69381, 9), "13055": ("Marseille", 13201, 16)}
NANTES_METROPOLE = ("44020", "44035", "44047", "44109", "44143", "44162", "44190", "44215")
DEPARTEMENTS = {
    "01": "Ain",
    "13": "Bouches-du-Rhône",
    "2A": "Corse-du-Sud",
    "2B": "Haute-Corse",
    "44": "Loire-Atlantique",
    "49": "Maine-et-Loire",
    "53": "Mayenne",
    "69": "Rhône",
    "72": "Sarthe",
    "75": "Paris",
    "85": "Vendée",
}
PAYS_DE_LA_LOIRE = ("44", "49", "53", "72", "85")


def reference(region: bool = False) -> Reference:
    """The whole of the small France, or Pays de la Loire alone."""
    names: dict[tuple[int, Level], dict[str, str]] = {}
    parents: dict[tuple[int, Level], dict[str, str]] = {}
    postal: dict[int, dict[str, tuple[str, ...]]] = {}
    for year in YEARS:
        communes = {code: (name, served) for code, (name, served) in COMMUNES.items()}
        communes |= {code: (name, served) for code, (name, served, years) in ONLY.items() if year in years}
        if region:
            communes = {code: known for code, known in communes.items() if code[:2] in PAYS_DE_LA_LOIRE}
        names[year, Level.COMMUNE] = {code: name for code, (name, _) in sorted(communes.items())}
        municipal = {
            str(first + rank): (f"{name} {rank + 1}e Arrondissement", city)
            for city, (name, first, count) in CITIES.items()
            for rank in range(count)
            if not region
        }
        names[year, Level.ARRONDISSEMENT_MUNICIPAL] = {code: name for code, (name, _) in municipal.items()}
        names[year, Level.EPCI] = {"244400404": "Nantes Métropole"}
        kept = PAYS_DE_LA_LOIRE if region else tuple(DEPARTEMENTS)
        names[year, Level.DEPARTEMENT] = {code: DEPARTEMENTS[code] for code in kept}
        names[year, Level.REGION] = {"52": "Pays de la Loire"}
        parents[year, Level.COMMUNE] = {code: city for code, (_, city) in municipal.items()}
        parents[year, Level.DEPARTEMENT] = {code: code[:2] for code in communes}
        parents[year, Level.REGION] = {code: "52" for code in communes if code[:2] in PAYS_DE_LA_LOIRE}
        parents[year, Level.EPCI] = dict.fromkeys(NANTES_METROPOLE, "244400404")
        serving: dict[str, list[str]] = {}
        for code, (_, served) in communes.items():
            for one in served.split():
                serving.setdefault(one, []).append(code)
        postal[year] = {one: tuple(sorted(codes)) for one, codes in serving.items()}
    split = {"85084": {"85084": 0.6, "85165": 0.2, "85212": 0.2}}
    merged = {"85165": {"85084": 1.0}, "85212": {"85084": 1.0}}
    return Reference(
        names=names,
        expected={key: frozenset(codes) for key, codes in names.items()},
        parents=parents,
        former={
            2022: {"44225": "44180", "44160": "44003", "85165": "85084", "85212": "85084"},
            2023: {"44225": "44180", "44160": "44003", "85165": "85084", "85212": "85084"},
            2024: {"44225": "44180", "44160": "44003"},
            2025: {"44225": "44180", "44160": "44003", "49069": "49126"},
        },
        passages={
            (2024, 2025): {"49069": {"49126": 1.0}},
            (2025, 2024): {"49126": {"49069": 1.0}},
            (2023, 2024): split,
            (2024, 2023): merged,
            (2023, 2025): {**split, "49069": {"49126": 1.0}},
        },
        postal=postal,
        whole=frozenset() if region else frozenset(YEARS),
    )
