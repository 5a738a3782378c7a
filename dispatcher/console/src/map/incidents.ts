/** Open incidents that have no ticket: hollow grade shapes, smaller than tickets. */
import type { Feature } from 'geojson'
import type { Map as MapLibreMap } from 'maplibre-gl'

import type { Incident } from '@/api/model'

import { collection, isPlaced, type MapLayer, pointAt, removeLayers, setFeatures } from './layer'

const SOURCE = 'incidents'
const SHAPE = 'incident-shape'

export function addIncidents(map: MapLibreMap): MapLayer {
  map.addSource(SOURCE, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: SHAPE,
    type: 'symbol',
    source: SOURCE,
    layout: {
      'icon-image': ['concat', 'bare-', ['to-string', ['get', 'grade']]],
      'icon-size': 0.7,
      'icon-allow-overlap': true,
      'symbol-sort-key': ['-', 5, ['get', 'grade']],
    },
  })
  return {
    show: (features) => { setFeatures(map, SOURCE, features) },
    paint: () => undefined,
    remove: () => { removeLayers(map, [SHAPE], SOURCE) },
  }
}

export function incidentFeatures(rows: readonly Incident[]): Feature[] {
  return rows.filter(isPlaced).map((row) => pointAt(row, { id: row.id, grade: row.grade }))
}
