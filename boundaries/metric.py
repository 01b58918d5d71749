"""The metric CRS in which surfaces are measured, departement by departement.

IGN's legal systems (décret 2000-1276 modifié, arrêté du 5 mars 2019): RGF93 v1 / Lambert-93 in metropolitan
France, RGAF09 / UTM 20N in Guadeloupe and Martinique, RGFG95 / UTM 22N in Guyane, RGR92 / UTM 40S in La Réunion,
RGM04 / UTM 38S in Mayotte.
"""

LAMBERT_93 = 2154
OVERSEAS = {"971": 5490, "972": 5490, "973": 2972, "974": 2975, "976": 4471}


def metric_crs(departement: str) -> int:
    """Return the EPSG number of the metric CRS of a departement.

    >>> metric_crs("44"), metric_crs("2A"), metric_crs("974")
    (2154, 2154, 2975)
    """
    return OVERSEAS.get(departement, LAMBERT_93)
