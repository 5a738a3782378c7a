"""Where a position lies on the local plane, in whole decimetres, so that no float can make two machines differ.

Equirectangular about the deployment's origin on a sphere of the mean earth radius:
x = R cos(lat0) (lon - lon0), y = R (lat - lat0), rounded half to even to 0.1 m. Within 50 km of the origin the scale
is wrong by less than 0.5 %, far below the radii that group events. Coordinates are WGS-84; GCJ-02 must be converted
before it comes here.
"""

import math
from typing import Final, NamedTuple

EARTH_RADIUS_M: Final = 6_371_008.8


class Origin(NamedTuple):
    """The centre of the deployment's map, WGS-84 degrees."""

    lon: float
    lat: float


CHENGDU: Final = Origin(lon=104.0657, lat=30.6598)


def project(lon: float, lat: float, origin: Origin) -> tuple[int, int]:
    """Position in decimetres east and north of the origin. Raises ValueError off the globe or for NaN."""
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"not a position on earth: lon {lon}, lat {lat}")
    scale_dm = 10 * EARTH_RADIUS_M
    x_dm = round(scale_dm * math.cos(math.radians(origin.lat)) * math.radians(lon - origin.lon))
    y_dm = round(scale_dm * math.radians(lat - origin.lat))
    return x_dm, y_dm
