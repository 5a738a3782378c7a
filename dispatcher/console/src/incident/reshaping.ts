/** Which events an officer may move, which incidents lie near, and how a split or merge is undone by its opposite. Pure. */
import type { OverlayView } from '@/api/incidents'
import type { Incident, IncidentExplanation, MemberView } from '@/api/model'

const METRES_A_DEGREE = 111_195

/** What stands in the incident by its own; a return or a suppressed event goes where its subject is. */
export function isMovable(member: MemberView): boolean {
  return member.standing === 'clustered' || member.standing === 'alone'
}

interface Candidate {
  row: Incident
  distance_m: number | null
  apart_s: number
}

/** Open incidents with which another may be merged, the nearest first; what has no position comes last. */
export function candidates(of: IncidentExplanation, rows: readonly Incident[], words: string): Candidate[] {
  const asked = words.trim().toLowerCase()
  const from = Date.parse(of.members[0]?.at ?? '')
  return rows
    .filter((row) => row.id !== of.id && row.status === 'open' && row.kind !== FLAPPING)
    .filter((row) => asked === '' || [row.number, row.kind_zh, row.kind_en, row.place ?? ''].some((text) => text.toLowerCase().includes(asked)))
    .map((row) => ({ row, distance_m: distance(of, row), apart_s: Math.abs(Date.parse(row.first_at) - from) / 1000 }))
    .sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity) || a.apart_s - b.apart_s)
}

/** Stands for a device and not for anything that happened. */
export const FLAPPING = 'device_flapping'

/** The other incident of a split, with which a merge undoes it; null where it went elsewhere since. */
export function splitOffBy(of: IncidentExplanation, overlay: OverlayView): number | null {
  if (overlay.act !== 'split' || overlay.outcome !== 'applied') return null
  return overlay.result_ids.find((id) => id !== of.id) ?? null
}

/**
 * The events that a merge brought in, with which a split undoes it. The anchors of a merge stand in the order of its
 * two sides, and without the merge no link joins them: so the last anchor and all that hangs on it came with it.
 * Nothing where the two have grown together since, or where the links were not kept.
 */
export function broughtInBy(of: IncidentExplanation, overlay: OverlayView): string[] {
  const first = overlay.event_uids[0]
  const last = overlay.event_uids.at(-1)
  if (overlay.act !== 'merge' || overlay.outcome !== 'applied' || !of.links_complete || first === undefined || last === undefined) return []
  const linked = new Map<string, string[]>()
  for (const { uid_a, uid_b } of of.links) {
    linked.set(uid_a, [...(linked.get(uid_a) ?? []), uid_b])
    linked.set(uid_b, [...(linked.get(uid_b) ?? []), uid_a])
  }
  const bySubject = new Map<string, string[]>()
  for (const { uid, subject, kind } of of.members) {
    // Repeats of one subject are one occurrence, and only its first report has links.
    if (subject !== null) bySubject.set(`${subject} ${kind}`, [...(bySubject.get(`${subject} ${kind}`) ?? []), uid])
  }
  for (const [head, ...repeats] of bySubject.values()) {
    if (head === undefined) continue
    for (const repeat of repeats) {
      linked.set(head, [...(linked.get(head) ?? []), repeat])
      linked.set(repeat, [...(linked.get(repeat) ?? []), head])
    }
  }
  const found = new Set([last])
  for (const uid of found) for (const next of linked.get(uid) ?? []) found.add(next)
  if (found.has(first)) return []
  return of.members.filter((member) => found.has(member.uid) && isMovable(member)).map((member) => member.uid)
}

function distance(a: { lon: number | null; lat: number | null }, b: { lon: number | null; lat: number | null }): number | null {
  if (a.lon === null || a.lat === null || b.lon === null || b.lat === null) return null
  const east = (b.lon - a.lon) * Math.cos((a.lat * Math.PI) / 180)
  return Math.hypot(east, b.lat - a.lat) * METRES_A_DEGREE
}
