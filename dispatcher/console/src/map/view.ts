/** Where the map looks: it follows the set of things shown until somebody moves it by hand. */
import type { LngLatBoundsLike, Map as MapLibreMap } from 'maplibre-gl'

import type { Box } from './layer'

const CLOSEST_ZOOM = 16
const PADDING_PX = 44
/** A low pane gives away at most this part of its height on each side. */
const PADDING_PART = 0.14

export class MapView {
  #locked = false
  #fittedTo = ''
  #before: { center: [number, number]; zoom: number } | null = null
  readonly #map: MapLibreMap
  readonly #onLock: (locked: boolean) => void

  constructor(map: MapLibreMap, onLock: (locked: boolean) => void) {
    this.#map = map
    this.#onLock = onLock
    map.on('movestart', (event) => {
      // Only a person's gesture carries the browser's event.
      if ('originalEvent' in event && event.originalEvent !== undefined) this.#lock(true)
    })
  }

  /** Fits the box if the set of things changed since the last fit, and nobody has taken hold of the map. */
  follow(setKey: string, box: Box): void {
    if (this.#locked || setKey === this.#fittedTo) return
    this.#fittedTo = setKey
    this.#fit(box)
  }

  /** Fits again after the pane changed its size, unless somebody has taken hold of the map. */
  refit(box: Box): void {
    if (!this.#locked && this.#fittedTo !== '') this.#fit(box)
  }

  /** Gives the map back to the automatism and fits at once. */
  release(setKey: string, box: Box): void {
    this.#lock(false)
    this.#before = null
    this.#fittedTo = setKey
    this.#fit(box)
  }

  /** Goes to a place; asked again, goes back to where the officer looked before. */
  toggleZoom(lon: number, lat: number): void {
    if (this.#before !== null) {
      this.#map.easeTo(this.#before)
      this.#before = null
      return
    }
    const centre = this.#map.getCenter()
    this.#before = { center: [centre.lng, centre.lat], zoom: this.#map.getZoom() }
    this.#lock(true)
    this.#map.easeTo({ center: [lon, lat], zoom: CLOSEST_ZOOM + 1 })
  }

  #fit(box: Box): void {
    if (!Number.isFinite(box[0])) return
    const bounds: LngLatBoundsLike = [[box[0], box[1]], [box[2], box[3]]]
    const { clientHeight } = this.#map.getContainer()
    const padding = Math.min(PADDING_PX, clientHeight * PADDING_PART)
    this.#map.fitBounds(bounds, { padding, maxZoom: CLOSEST_ZOOM, duration: 300 })
  }

  #lock(locked: boolean): void {
    if (locked !== this.#locked) this.#onLock(locked)
    this.#locked = locked
  }
}
