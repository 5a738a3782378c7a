/** Gives the items of the stream to the stores, a frame's worth at once, and keeps the screen whole over a break. */
import type { Incident, StreamItem, TicketRow } from '@/api/model'
import { useClock } from '@/store/clock'
import { type PresenceNews, useDevices } from '@/store/devices'
import { useIncidents } from '@/store/incidents'
import { useLink } from '@/store/link'
import { useTickets } from '@/store/tickets'

import { LiveFeed } from './feed'

/** After so long a break the lists are read anew: a replay of hours is slower than the list. */
const RELOAD_AFTER_S = 120

interface FrameNews {
  tickets: TicketRow[]
  incidents: Incident[]
  presence: PresenceNews[]
  clockMoved: boolean
}

/** Sorts one frame's items by noun; of several about one thing only the last is kept. */
export function sortOut(items: readonly StreamItem[]): FrameNews {
  const tickets = new Map<number, TicketRow>()
  const incidents = new Map<number, Incident>()
  const presence = new Map<number, PresenceNews>()
  let clockMoved = false
  for (const item of items) {
    if (item.ticket) tickets.set(item.ticket.id, item.ticket)
    if (item.incident) incidents.set(item.incident.id, item.incident)
    if (item.topic === 'clock.moved') clockMoved = true
    if (item.topic === 'device.presence') {
      const news = presenceOf(item)
      if (news !== null) presence.set(news.device_id, news)
    }
  }
  return { tickets: [...tickets.values()], incidents: [...incidents.values()], presence: [...presence.values()], clockMoved }
}

/** Starts following; the returned function ends it. */
export function followStream(onFailure: (error: unknown) => void, onArrival: (opened: TicketRow[]) => void): () => void {
  const clock = useClock()
  const devices = useDevices()
  const incidents = useIncidents()
  const link = useLink()
  const tickets = useTickets()

  function reload(): void {
    Promise.all([tickets.load(), incidents.load(), devices.load(), clock.load()]).catch(onFailure)
  }

  const feed = new LiveFeed({
    opened(resumed) {
      const away_s = link.lostSince_ms === null ? 0 : (Date.now() - link.lostSince_ms) / 1000
      link.opened()
      if (!resumed || away_s > RELOAD_AFTER_S) reload()
    },
    beat: link.beat,
    lost: link.lost,
    items(items) {
      const news = sortOut(items)
      const unknown = tickets.loaded ? news.tickets.filter((row) => !tickets.rows.has(row.id)) : []
      if (news.tickets.length > 0) tickets.apply(news.tickets)
      if (news.incidents.length > 0) incidents.apply(news.incidents)
      if (news.presence.length > 0) devices.apply(news.presence)
      if (news.clockMoved) clock.load().catch(onFailure)
      if (unknown.length > 0) onArrival(unknown)
    },
  })
  void feed.run()
  return () => { feed.stop() }
}

function presenceOf(item: StreamItem): PresenceNews | null {
  const body: unknown = item
  if (typeof body !== 'object' || body === null || !('device_id' in body) || !('online' in body)) return null
  const { device_id, online } = body
  return typeof device_id === 'number' && typeof online === 'boolean' ? { device_id, online, at: item.at } : null
}
