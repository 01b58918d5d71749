"""Lambert-93 by IGN's own formulas, for tests: nothing of PROJ nor of PostGIS is in them."""

import math

# Constants of Lambert-93 as IGN publishes them (NTG_71, ALG0003): exponent, constant, origin, GRS80's eccentricity.
N, C, XS, YS, E = 0.7256077650, 11_754_255.426, 700_000.0, 12_655_612.050, 0.08181919112


def lambert_93(longitude: float, latitude: float) -> tuple[float, float]:
    """A point in Lambert-93 by IGN's own formulas, in metres."""
    phi = math.radians(latitude)
    sine = E * math.sin(phi)
    isometric = math.log(math.tan(math.pi / 4 + phi / 2) * ((1 - sine) / (1 + sine)) ** (E / 2))
    radius, angle = C * math.exp(-N * isometric), N * math.radians(longitude - 3)
    return XS + radius * math.sin(angle), YS - radius * math.cos(angle)
