/** The ground of every map: paper without tiles, north up, from no server but ours. */
import { Map as MapLibreMap } from 'maplibre-gl'

import type { Palette } from './palette'

export const PAPER = 'paper'

/** Throws where the browser has no WebGL. */
export function emptyMap(container: HTMLElement, palette: Palette): MapLibreMap {
  const map = new MapLibreMap({
    container,
    style: {
      version: 8,
      transition: { duration: 0, delay: 0 },
      sources: {},
      layers: [{ id: PAPER, type: 'background', paint: { 'background-color': palette.paper } }],
    },
    center: [104.066, 30.66],
    zoom: 12,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
  })
  map.touchZoomRotate.disableRotation()
  return map
}
