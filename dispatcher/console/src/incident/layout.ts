/** Where the events of an incident are drawn on a small map: metres to pixels, north up, one scale for both axes. */
import type { LinkView, MemberView } from '@/api/model'

interface Dot {
  uid: string
  x: number
  y: number
  /** The number of the event in the list, from 1. */
  n: number
  /** Its own and those of the events that lie under it, at the same place on the map. */
  uids: string[]
  source: string
}

export interface Line {
  a: Dot
  b: Dot
  link: LinkView
}

interface Layout {
  dots: Dot[]
  lines: Line[]
  /** A round length for the scale bar, and how long it is drawn. */
  barM: number
  barPx: number
}

const PADDING_PX = 28
/** A link that is shorter than a dot is wide is told by the table alone. */
const DOT_PX = 12
/** A single place is drawn as if this much lay around it. */
const LEAST_SPAN_M = 40

export function layOut(members: readonly MemberView[], links: readonly LinkView[], widthPx: number, heightPx: number): Layout {
  const placed = members.flatMap((member, index) =>
    member.east_m === null || member.north_m === null ? [] : [{ member, n: index + 1, east: member.east_m, north: member.north_m }],
  )
  const west = Math.min(0, ...placed.map((each) => each.east))
  const east = Math.max(0, ...placed.map((each) => each.east))
  const south = Math.min(0, ...placed.map((each) => each.north))
  const north = Math.max(0, ...placed.map((each) => each.north))
  const scale = Math.min(
    (widthPx - 2 * PADDING_PX) / Math.max(east - west, LEAST_SPAN_M),
    (heightPx - 2 * PADDING_PX) / Math.max(north - south, LEAST_SPAN_M),
  )
  const middle = { x: widthPx / 2 - (scale * (east + west)) / 2, y: heightPx / 2 + (scale * (north + south)) / 2 }
  const dots = placed.map(({ member, n, east: x, north: y }) => ({
    uid: member.uid,
    x: middle.x + scale * x,
    y: middle.y - scale * y,
    n,
    source: member.source_class,
    uids: [member.uid],
  }))
  const byUid = new Map(dots.map((dot) => [dot.uid, dot]))
  const lines = links.flatMap((link) => {
    const a = byUid.get(link.uid_a)
    const b = byUid.get(link.uid_b)
    return a === undefined || b === undefined ? [] : [{ a, b, link }]
  })
  const drawn = new Map<string, Dot>()
  for (const dot of dots) {
    const place = `${String(Math.round(dot.x))} ${String(Math.round(dot.y))} ${dot.source}`
    const above = drawn.get(place)
    if (above === undefined) drawn.set(place, dot)
    else above.uids.push(dot.uid)
  }
  const barM = roundLength((widthPx * 0.3) / scale)
  return { dots: [...drawn.values()], lines: lines.filter(({ a, b }) => Math.hypot(a.x - b.x, a.y - b.y) > DOT_PX), barM, barPx: barM * scale }
}

/** The greatest of 1, 2, 5 times a power of ten that is not longer. */
export function roundLength(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres))
  const times = metres / power
  return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1)
}

/** `+1,000` */
export function signedPoints(points: number): string {
  return `${points > 0 ? '+' : points < 0 ? '−' : ''}${Math.abs(points).toLocaleString('en')}`
}
