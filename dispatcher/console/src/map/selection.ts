/** The ticket under the cursor or in the panel: a ring round its shape, drawn above all gathered ones. */
import type { Map as MapLibreMap } from 'maplibre-gl'

import { collection, type MapLayer, removeLayers, setFeatures } from './layer'
import type { Palette } from './palette'

const SOURCE = 'selection'
const RING = 'selection-ring'
const SHAPE = 'selection-shape'

export function addSelection(map: MapLibreMap, palette: Palette): MapLayer {
  map.addSource(SOURCE, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: RING,
    type: 'circle',
    source: SOURCE,
    paint: {
      'circle-radius': 21,
      'circle-color': palette.halo,
      'circle-opacity': 0.75,
      'circle-stroke-color': palette.selection,
      'circle-stroke-width': 3,
    },
  })
  map.addLayer({
    id: SHAPE,
    type: 'symbol',
    source: SOURCE,
    layout: { 'icon-image': ['concat', 'grade-', ['to-string', ['get', 'grade']]], 'icon-allow-overlap': true },
  })
  return {
    show: (features) => { setFeatures(map, SOURCE, features) },
    paint(colours) {
      map.setPaintProperty(RING, 'circle-color', colours.halo)
      map.setPaintProperty(RING, 'circle-stroke-color', colours.selection)
    },
    remove: () => { removeLayers(map, [RING, SHAPE], SOURCE) },
  }
}
