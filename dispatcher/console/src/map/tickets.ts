/** Open tickets as grade shapes; near ones are gathered under the gravest shape with their number. */
import type { Feature } from 'geojson'
import type { GeoJSONSource, Map as MapLibreMap, MapLayerMouseEvent } from 'maplibre-gl'

import type { TicketRow } from '@/api/model'

import { collection, isPlaced, type MapLayer, pointAt, removeLayers, setFeatures } from './layer'
import type { Palette } from './palette'

const SOURCE = 'tickets'
const SINGLE = 'ticket-shape'
const GATHERED = 'ticket-gathered'
const LAYERS = [SINGLE, GATHERED]

export function addTickets(map: MapLibreMap, palette: Palette, onPick: (id: number) => void): MapLayer {
  map.addSource(SOURCE, {
    type: 'geojson',
    data: collection([]),
    cluster: true,
    clusterRadius: 26,
    clusterMaxZoom: 16,
    clusterProperties: { worst: ['min', ['get', 'grade']] },
  })
  map.addLayer({
    id: SINGLE,
    type: 'symbol',
    source: SOURCE,
    filter: ['!', ['has', 'point_count']],
    layout: {
      'icon-image': ['concat', 'grade-', ['to-string', ['get', 'grade']]],
      'icon-allow-overlap': true,
      'symbol-sort-key': ['-', 5, ['get', 'grade']],
    },
  })
  map.addLayer({
    id: GATHERED,
    type: 'symbol',
    source: SOURCE,
    filter: ['has', 'point_count'],
    layout: {
      'icon-image': ['concat', 'grade-', ['to-string', ['get', 'worst']]],
      'icon-allow-overlap': true,
      'text-field': ['concat', '×', ['get', 'point_count_abbreviated']],
      'text-font': ['Noto Sans CJK SC', 'sans-serif'],
      'text-size': 13,
      'text-anchor': 'left',
      'text-offset': [1.25, 0],
      'text-allow-overlap': true,
    },
    paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 2 },
  })

  function pick(event: MapLayerMouseEvent): void {
    const id: unknown = event.features?.[0]?.properties.id
    if (typeof id === 'number') onPick(id)
  }

  function spread(event: MapLayerMouseEvent): void {
    const feature = event.features?.[0]
    const cluster: unknown = feature?.properties.cluster_id
    if (typeof cluster !== 'number') return
    const centre = event.lngLat
    void map
      .getSource<GeoJSONSource>(SOURCE)
      ?.getClusterExpansionZoom(cluster)
      .then((zoom) => { map.easeTo({ center: centre, zoom: zoom + 0.2 }) })
  }

  const point = () => { map.getCanvas().style.cursor = 'pointer' }
  const unpoint = () => { map.getCanvas().style.cursor = '' }
  map.on('click', SINGLE, pick)
  map.on('click', GATHERED, spread)
  for (const layer of [SINGLE, GATHERED]) {
    map.on('mouseenter', layer, point)
    map.on('mouseleave', layer, unpoint)
  }

  return {
    show: (features) => { setFeatures(map, SOURCE, features) },
    paint(colours) {
      map.setPaintProperty(GATHERED, 'text-color', colours.label)
      map.setPaintProperty(GATHERED, 'text-halo-color', colours.halo)
    },
    remove() {
      map.off('click', SINGLE, pick)
      map.off('click', GATHERED, spread)
      for (const layer of [SINGLE, GATHERED]) {
        map.off('mouseenter', layer, point)
        map.off('mouseleave', layer, unpoint)
      }
      removeLayers(map, LAYERS, SOURCE)
    },
  }
}

/** What of the tickets the map shows: while it stays the same nothing needs to be drawn. */
export function ticketKey(rows: readonly TicketRow[]): string {
  return rows.map((row) => `${String(row.id)}/${String(row.grade)}/${String(row.lon)}/${String(row.lat)}`).join()
}

export function ticketFeatures(rows: readonly TicketRow[]): Feature[] {
  return rows.filter(isPlaced).map((row) => pointAt(row, { id: row.id, grade: row.grade }))
}
