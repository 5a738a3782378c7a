/** What every layer file returns: it added its source and layers, it takes new features, it removes itself. */
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl'

import type { Palette } from './palette'

export interface MapLayer {
  show(features: Feature[]): void
  paint(palette: Palette): void
  remove(): void
}

export function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features }
}

export function setFeatures(map: MapLibreMap, source: string, features: Feature[]): void {
  map.getSource<GeoJSONSource>(source)?.setData(collection(features))
}

export function removeLayers(map: MapLibreMap, layers: readonly string[], source: string): void {
  for (const layer of layers) if (map.getLayer(layer)) map.removeLayer(layer)
  if (map.getSource(source)) map.removeSource(source)
}

interface Positioned {
  lon: number | null
  lat: number | null
}

export function isPlaced<Thing extends Positioned>(thing: Thing): thing is Thing & { lon: number; lat: number } {
  return thing.lon !== null && thing.lat !== null
}

export function pointAt(thing: { lon: number; lat: number }, properties: Record<string, string | number | boolean>): Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [thing.lon, thing.lat] }, properties }
}

/** Calls at most once in `pause_ms`: at once when it was quiet, else when the pause is over, with what is so then. */
export function calmly(pause_ms: number, draw: () => void): { draw: () => void; stop: () => void } {
  let timer = 0
  let again = false
  function run(): void {
    again = false
    draw()
    timer = window.setTimeout(() => {
      timer = 0
      if (again) run()
    }, pause_ms)
  }
  return {
    draw() {
      if (timer === 0) run()
      else again = true
    },
    stop: () => { clearTimeout(timer) },
  }
}

/** The box round all positions of a geometry, grown in place: west, south, east, north. */
export type Box = [number, number, number, number]

export function emptyBox(): Box {
  return [Infinity, Infinity, -Infinity, -Infinity]
}

export function grow(box: Box, lon: number, lat: number): void {
  box[0] = Math.min(box[0], lon)
  box[1] = Math.min(box[1], lat)
  box[2] = Math.max(box[2], lon)
  box[3] = Math.max(box[3], lat)
}

export function growByGeometry(box: Box, geometry: Geometry): void {
  if (geometry.type === 'GeometryCollection') return
  growByPositions(box, geometry.coordinates)
}

function growByPositions(box: Box, nested: unknown): void {
  if (!Array.isArray(nested)) return
  const [lon, lat] = nested as unknown[]
  if (typeof lon === 'number' && typeof lat === 'number') grow(box, lon, lat)
  else for (const inner of nested) growByPositions(box, inner)
}
