"""Every drill that `rongan simulate scenario` knows; a new one is a file and a line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulators.scenarios import ebike_shed, spring_festival
from simulators.scenarios.drill import Scenario

SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {scenario.name: scenario for scenario in (ebike_shed.SCENARIO, spring_festival.SCENARIO)}
)
