"""The layouts of IGN ADMIN EXPRESS COG over the years, as data.

- 2.x (2018 to 2020): shapefiles, `NOM_COM`, `CODE_EPCI`, `INSEE_RATT`; communes deleguees (and, before 2.5,
  municipal arrondissements) in `ENTITE_RATTACHEE`; tables of the CARTO product end with `_CARTO`.
- 3.x (2021 to 2024): shapefiles, `NOM`, `SIREN_EPCI`, `INSEE_ARM`, `INSEE_CAD`; one file per territory or
  one for all.
- 4.0 (2025 on): GeoPackage, lower case, `code_insee`, `nom_officiel`, `codes_siren_des_epci`. A GeoPackage
  turned into shapefiles keeps 10 characters of each name (`nom_offici`, `codes_sire`).
"""

from boundaries.sources.attributes import Attribute

TABLES: dict[str, tuple[str, ...]] = {
    "communes": ("commune", "commune_carto"),
    "arrondissements": (
        "arrondissement_municipal",
        "arrondissement_municipal_carto",
        "entite_rattachee",
        "entite_rattachee_carto",
    ),
    "delegated": (
        "commune_associee_ou_deleguee",
        "commune_associee_ou_deleguee_carto",
        "entite_rattachee",
        "entite_rattachee_carto",
    ),
    "epci": ("epci", "epci_carto"),
    "departements": ("departement", "departement_carto"),
    "regions": ("region", "region_carto"),
}
"""Our frames and the names of the tables (layers, or shapefiles) that feed them, in lower case."""

OPTIONAL_TABLES = frozenset({"arrondissements", "delegated"})

ATTRIBUTES: dict[str, dict[str, Attribute]] = {
    "communes": {
        "code": Attribute(("insee_com", "code_insee")),
        "nom": Attribute(("nom", "nom_com", "nom_officiel", "nom_offici")),
        "epci": Attribute(("siren_epci", "code_epci", "codes_siren_des_epci", "codes_sire")),
        "population": Attribute(("population",), required=False),
    },
    "arrondissements": {
        "code": Attribute(("insee_arm", "code_insee", "insee_com")),
        "nom": Attribute(("nom", "nom_com", "nom_officiel", "nom_offici")),
        "population": Attribute(("population",), required=False),
    },
    "delegated": {
        "code": Attribute(("insee_cad", "code_insee", "insee_com")),
        "commune": Attribute(("insee_ratt", "code_insee_de_la_commune_de_rattach", "code_ins_1", "insee_com")),
    },
    "epci": {
        "code": Attribute(("code_siren", "code_epci")),
        "nom": Attribute(("nom", "nom_epci", "nom_officiel", "nom_offici")),
        "nature": Attribute(("nature", "type_epci"), required=False),
    },
    "departements": {
        "code": Attribute(("insee_dep", "code_insee")),
        "nom": Attribute(("nom", "nom_dep", "nom_officiel", "nom_offici")),
        "region": Attribute(("insee_reg", "code_insee_de_la_region", "code_ins_1")),
    },
    "regions": {
        "code": Attribute(("insee_reg", "code_insee")),
        "nom": Attribute(("nom", "nom_reg", "nom_officiel", "nom_offici")),
    },
}
"""Our attributes and the names under which each edition gives them, the preferred first."""

NO_CODE = frozenset({"NR", "NC", "ZZZZZZZZZ"})
"""What stands for "not concerned" in a column of codes."""

NATURES = {
    "communauté de communes": "CC",
    "communauté d'agglomération": "CA",
    "communauté urbaine": "CU",
    "métropole": "METRO",
    "metropole": "METRO",
    "me": "METRO",
    "met": "METRO",
    "métropole de lyon": "MET69",
    "met lyon": "MET69",
    "etablissement public territorial": "EPT",
    "établissement public territorial": "EPT",
    "ept": "EPT",
    "et": "EPT",
}
"""The natures of EPCI in full (4.0) or abbreviated, and what is kept; an unlisted one stays as it is."""
