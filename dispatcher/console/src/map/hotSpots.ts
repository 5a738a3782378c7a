/** Where much happens: squares by how they stand out, circles of living clusters, and the spot that is pointed at. */
import type { Feature, Polygon } from 'geojson'
import type { Map as MapLibreMap } from 'maplibre-gl'

import type { HotSpots } from '@/api/rates'

import { collection, type MapLayer, removeLayers, setFeatures } from './layer'
import type { Palette } from './palette'

/** Above it a square stands out among those that hold incidents, two-sided at 5 %; above the other at 1 %. */
const STANDS_OUT_Z = 1.96
const STANDS_FAR_OUT_Z = 2.58

const SIDE_M = 200
const METRES_A_DEGREE = 111_195
const CORNERS = 48

const CELLS = 'hot-cells'
const CLUSTERS = 'hot-clusters'
const POINTED = 'hot-pointed'

export function addCells(map: MapLibreMap, palette: Palette): MapLayer {
  map.addSource(CELLS, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: CELLS,
    type: 'fill',
    source: CELLS,
    paint: {
      'fill-color': palette.heat,
      'fill-opacity': ['case', ['>=', ['get', 'z'], STANDS_FAR_OUT_Z], 0.85, ['>=', ['get', 'z'], STANDS_OUT_Z], 0.55, 0.14],
    },
  })
  map.addLayer({
    id: `${CELLS}-count`,
    type: 'symbol',
    source: CELLS,
    filter: ['>=', ['get', 'z'], STANDS_OUT_Z],
    layout: { 'text-field': ['to-string', ['get', 'incidents']], 'text-font': ['Noto Sans CJK SC', 'sans-serif'], 'text-size': 11 },
    paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 },
  })
  return {
    show: (features) => { setFeatures(map, CELLS, features) },
    paint(colours) {
      map.setPaintProperty(CELLS, 'fill-color', colours.heat)
      map.setPaintProperty(`${CELLS}-count`, 'text-color', colours.label)
      map.setPaintProperty(`${CELLS}-count`, 'text-halo-color', colours.halo)
    },
    remove: () => { removeLayers(map, [CELLS, `${CELLS}-count`], CELLS) },
  }
}

/** Rings: those of the clusters, or the one that is pointed at. */
export function addRings(map: MapLibreMap, palette: Palette, which: 'clusters' | 'pointed'): MapLayer {
  const source = which === 'clusters' ? CLUSTERS : POINTED
  const colour = (colours: Palette) => (which === 'clusters' ? colours.heat : colours.selection)
  map.addSource(source, { type: 'geojson', data: collection([]) })
  map.addLayer({
    id: source,
    type: 'line',
    source,
    paint: {
      'line-color': colour(palette),
      'line-width': which === 'clusters' ? 2 : 3.5,
      ...(which === 'clusters' ? { 'line-dasharray': [3, 2] } : {}),
    },
  })
  return {
    show: (features) => { setFeatures(map, source, features) },
    paint: (colours) => { map.setPaintProperty(source, 'line-color', colour(colours)) },
    remove: () => { removeLayers(map, [source], source) },
  }
}

export function cellFeatures(cells: HotSpots['cells']): Feature[] {
  return cells.map((cell) => {
    const north = SIDE_M / 2 / METRES_A_DEGREE
    const east = north / Math.cos((cell.lat * Math.PI) / 180)
    const corners = [[-east, -north], [east, -north], [east, north], [-east, north], [-east, -north]] as const
    return polygon(corners.map(([dx, dy]) => [cell.lon + dx, cell.lat + dy]), { incidents: cell.incidents, z: cell.z })
  })
}

/** A circle of so many metres; the least is drawn for a spot that is a point. */
export function ring(lon: number, lat: number, radius_m: number): Feature {
  const north = Math.max(radius_m, SIDE_M / 2) / METRES_A_DEGREE
  const east = north / Math.cos((lat * Math.PI) / 180)
  const round = Array.from({ length: CORNERS + 1 }, (_, index) => (2 * Math.PI * index) / CORNERS)
  return polygon(round.map((angle) => [lon + east * Math.cos(angle), lat + north * Math.sin(angle)]), {})
}

function polygon(corners: number[][], properties: Record<string, number>): Feature<Polygon> {
  return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [corners] }, properties }
}
