/** The areas: fills, borders and names. MapLibre draws the names from local fonts; no glyph server is asked. */
import type { Feature, Geometry } from 'geojson'
import type { Map as MapLibreMap } from 'maplibre-gl'

import type { Area } from '@/api/model'

import { collection, emptyBox, growByGeometry, type MapLayer, removeLayers, setFeatures } from './layer'
import type { Palette } from './palette'

const SOURCE = 'areas'
const NAMES = 'area-names'
const POINTS = 'area-points'
const FONT = ['Noto Sans CJK SC', 'Noto Sans SC', 'sans-serif']

export function addAreas(map: MapLibreMap, palette: Palette): MapLayer {
  map.addSource(SOURCE, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: 'area-fill',
    type: 'fill',
    source: SOURCE,
    paint: { 'fill-color': palette.area, 'fill-opacity': ['match', ['get', 'level'], ['community', 'grid'], 0.9, 0.45] },
  })
  map.addLayer({
    id: 'area-line',
    type: 'line',
    source: SOURCE,
    paint: {
      'line-color': palette.line,
      'line-width': ['match', ['get', 'level'], 'grid', 0.8, 'community', 1.6, 2.4],
      'line-dasharray': ['match', ['get', 'level'], 'grid', ['literal', [2, 2]], ['literal', [1, 0]]],
    },
  })
  map.addSource(POINTS, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: NAMES,
    type: 'symbol',
    source: POINTS,
    filter: ['in', ['get', 'level'], ['literal', ['subdistrict', 'community', 'grid']]],
    layout: {
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': ['match', ['get', 'level'], 'grid', 11, 'community', 13, 15],
      'text-padding': 4,
      'symbol-sort-key': ['match', ['get', 'level'], 'community', 0, 'grid', 1, 2],
    },
    paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.4 },
  })

  return {
    show(features) {
      setFeatures(map, SOURCE, features)
      setFeatures(map, POINTS, features.map(middleOf))
    },
    paint(colours) {
      map.setPaintProperty('area-fill', 'fill-color', colours.area)
      map.setPaintProperty('area-line', 'line-color', colours.line)
      map.setPaintProperty(NAMES, 'text-color', colours.label)
      map.setPaintProperty(NAMES, 'text-halo-color', colours.halo)
    },
    remove() {
      removeLayers(map, [NAMES], POINTS)
      removeLayers(map, ['area-fill', 'area-line'], SOURCE)
    },
  }
}

/** Areas with a boundary as features, the widest first so that the narrow ones lie on top. */
export function areaFeatures(areas: readonly Area[], nameOf: (area: Area) => string): Feature[] {
  return areas
    .filter((area) => area.boundary !== null)
    .sort((a, b) => a.path.length - b.path.length)
    .map((area) => ({
      type: 'Feature',
      geometry: area.boundary as unknown as Geometry,
      properties: { id: area.id, level: area.level, name: nameOf(area) },
    }))
}

/** One name an area, in its middle: on a polygon the name would come once a tile. */
function middleOf(area: Feature): Feature {
  const box = emptyBox()
  growByGeometry(box, area.geometry)
  const [west, south, east, north] = box
  return { ...area, geometry: { type: 'Point', coordinates: [(west + east) / 2, (south + north) / 2] } }
}
