/** Devices as small dots: filled when connected, hollow when not; names appear when there is room. */
import type { Feature } from 'geojson'
import type { Map as MapLibreMap } from 'maplibre-gl'

import type { Device } from '@/api/model'

import { collection, isPlaced, type MapLayer, pointAt, removeLayers, setFeatures } from './layer'
import type { Palette } from './palette'

const SOURCE = 'devices'
const DOT = 'device-dot'
const NAME = 'device-name'

export function addDevices(map: MapLibreMap, palette: Palette): MapLayer {
  map.addSource(SOURCE, { type: 'geojson', data: collection([]) })
  map.addLayer({ id: DOT, type: 'circle', source: SOURCE, paint: dotPaint(palette) })
  map.addLayer({
    id: NAME,
    type: 'symbol',
    source: SOURCE,
    minzoom: 16.5,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': ['Noto Sans CJK SC', 'sans-serif'],
      'text-size': 10,
      'text-offset': [0, 1],
      'text-anchor': 'top',
    },
    paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.2 },
  })
  return {
    show: (features) => { setFeatures(map, SOURCE, features) },
    paint(colours) {
      map.setPaintProperty(DOT, 'circle-color', dotPaint(colours)['circle-color'])
      map.setPaintProperty(DOT, 'circle-stroke-color', colours.online)
      map.setPaintProperty(NAME, 'text-color', colours.label)
      map.setPaintProperty(NAME, 'text-halo-color', colours.halo)
    },
    remove: () => { removeLayers(map, [DOT, NAME], SOURCE) },
  }
}

export function deviceFeatures(rows: readonly Device[]): Feature[] {
  return rows
    .filter((row) => row.enabled)
    .filter(isPlaced)
    .map((row) => pointAt(row, { id: row.id, online: row.online, name: row.name }))
}

function dotPaint(palette: Palette) {
  return {
    'circle-radius': ['interpolate', ['linear'], ['zoom'], 12, 1.8, 17, 5] as ['interpolate', ['linear'], ['zoom'], number, number, number, number],
    'circle-color': ['case', ['get', 'online'], palette.online, palette.offline] as ['case', ['get', 'online'], string, string],
    'circle-stroke-color': palette.online,
    'circle-stroke-width': 1.2,
  }
}
