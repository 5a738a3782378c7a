/** An officer's split and merge: what may be moved, what lies near, and how each is undone by its opposite. */
import { describe, expect, it } from 'vitest'

import type { OverlayView } from '@/api/incidents'
import { broughtInBy, candidates, isMovable, splitOffBy } from '@/incident/reshaping'

import { explanation, incident } from './rows'

const [one, two, three, four] = explanation().members.map((member) => member.uid) as [string, string, string, string]

function overlay(changes: Partial<OverlayView>): OverlayView {
  return {
    seq: 1, act: 'split', incident_id: 7, other_id: null, event_uids: [three], actor_name: '李值班', actor_role: 'duty_officer',
    reason: '两处火情', at: '2026-11-22T02:09:00Z', outcome: 'applied', result_ids: [7, 9], ...changes,
  }
}

describe('what may be split off', () => {
  it('is what stands in the incident by its own', () => {
    const [member] = explanation().members
    if (member === undefined) throw new Error('no member')
    const standings = ['clustered', 'alone', 'late', 'returned', 'suppressed'] as const
    expect(standings.map((standing) => isMovable({ ...member, standing }))).toEqual([true, true, false, false, false])
  })
})

describe('what may be merged with', () => {
  const rows = [
    incident(7, { lon: 104, lat: 30 }),
    incident(8, { lon: 104.01, lat: 30 }),
    incident(9, { lon: 104.001, lat: 30 }),
    incident(10, { kind: 'device_flapping' }),
    incident(11, { status: 'final' }),
    incident(12),
  ]

  it('is open, another one and about something that happened; the nearest first, what has no place last', () => {
    const found = candidates(explanation(), rows, '')
    expect(found.map(({ row }) => row.id)).toEqual([9, 8, 12])
    expect(found[0]?.distance_m).toBeCloseTo(96.3, 0)
  })

  it('is found by its number', () => {
    expect(candidates(explanation(), rows, 'in-8').map(({ row }) => row.id)).toEqual([8])
  })
})

describe('undoing', () => {
  it('merges a split again with the incident that it made, and only where it was applied', () => {
    expect(splitOffBy(explanation(), overlay({}))).toBe(9)
    expect(splitOffBy(explanation(), overlay({ outcome: 'too_late' }))).toBeNull()
    expect(splitOffBy(explanation(), overlay({ act: 'merge', other_id: 9 }))).toBeNull()
  })

  it('splits off what a merge brought in: the last anchor and all that is linked to it', () => {
    const merged = overlay({ act: 'merge', other_id: 9, event_uids: [one, four, two, three] })
    const links = explanation().links.filter((link) => [link.uid_a, link.uid_b].every((uid) => uid === two || uid === three) || [link.uid_a, link.uid_b].includes(one))
    expect(broughtInBy(explanation({ links }), merged)).toEqual([two, three])
  })

  it('names nothing where the two have grown together, or where the links were not kept', () => {
    const merged = overlay({ act: 'merge', other_id: 9, event_uids: [one, four, two, three] })
    expect(broughtInBy(explanation(), merged)).toEqual([])
    expect(broughtInBy(explanation({ links: [], links_complete: false }), merged)).toEqual([])
  })
})

describe('repeats of one subject', () => {
  it('go with their first report, which alone has links', () => {
    const [first, second, third, fourth] = explanation().members
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) throw new Error('incomplete')
    const repeat = { ...third, uid: '9'.repeat(32) }
    const merged = overlay({ act: 'merge', other_id: 9, event_uids: [one, four, two, three] })
    const links = explanation().links.filter((link) => link.uid_b === three || link.uid_a === one)
    const shown = explanation({ links, members: [first, second, third, repeat, fourth] })
    expect(broughtInBy(shown, merged)).toEqual([two, three, repeat.uid])
  })
})
