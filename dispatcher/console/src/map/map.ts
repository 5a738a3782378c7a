/** A map on a page: it begins with its element and ends with it, shows the areas, follows size and theme, and looks at what is shown. */
import type { Map as MapLibreMap } from 'maplibre-gl'
import { onBeforeUnmount, onMounted, ref, type ShallowRef, shallowRef, watch, watchEffect } from 'vue'

import { useNaming } from '@/i18n/naming'
import { usePreferences } from '@/store/preferences'
import { useRegistry } from '@/store/registry'

import { addAreas, areaFeatures } from './areas'
import { emptyMap, PAPER } from './ground'
import type { Box, MapLayer } from './layer'
import { type Palette, PALETTES } from './palette'
import { MapView } from './view'

interface Shown<Name extends string> {
  /** Names the set of things shown: the map fits itself anew when it changes. */
  setKey: () => string
  box: () => Box
  /** The layers over the areas, the lowest first. */
  add: (map: MapLibreMap, palette: Palette) => Record<Name, MapLayer>
}

export function useMap<Name extends string>(ground: Readonly<ShallowRef<HTMLElement | null>>, { setKey, box, add }: Shown<Name>) {
  const { named } = useNaming()
  const preferences = usePreferences()
  const registry = useRegistry()
  const layers = shallowRef<Record<Name | 'areas', MapLayer> | null>(null)
  /** Somebody has taken hold of the map. */
  const locked = ref(false)
  const unsupported = ref(false)
  /** The areas are on the screen. */
  const drawn = ref(false)
  let map: MapLibreMap | null = null
  let view: MapView | null = null

  /** Looks at what is shown now, if that is another set than before and nobody has taken hold of the map. */
  function follow(): void {
    if (layers.value !== null) view?.follow(setKey(), box())
  }

  /** Looks at what is shown now, whoever has taken hold of the map. */
  function fit(): void {
    view?.release(setKey(), box())
  }

  function toggleZoom(lon: number, lat: number): void {
    view?.toggleZoom(lon, lat)
  }

  onMounted(() => {
    if (ground.value === null) return
    try {
      map = emptyMap(ground.value, PALETTES[preferences.theme])
    } catch {
      unsupported.value = true
      return
    }
    const shown = map
    view = new MapView(shown, (isLocked) => { locked.value = isLocked })
    shown.on('resize', () => view?.refit(box()))
    shown.once('load', () => {
      const palette = PALETTES[preferences.theme]
      layers.value = { areas: addAreas(shown, palette), ...add(shown, palette) }
    })
  })

  watchEffect(() => layers.value?.areas.show(areaFeatures(registry.areas, named)))
  watch([() => registry.areas, layers], () => {
    if (layers.value !== null && registry.areas.length > 0) void map?.once('idle', () => { drawn.value = true })
  })
  watch(() => preferences.theme, (theme) => {
    map?.setPaintProperty(PAPER, 'background-color', PALETTES[theme].paper)
    for (const layer of Object.values<MapLayer>(layers.value ?? {})) layer.paint(PALETTES[theme])
  })

  onBeforeUnmount(() => {
    for (const layer of Object.values<MapLayer>(layers.value ?? {})) layer.remove()
    map?.remove()
    map = null
  })

  return { layers, locked, unsupported, drawn, follow, fit, toggleZoom }
}
