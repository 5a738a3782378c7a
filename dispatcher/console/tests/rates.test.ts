/** What happens too often: numbers in words, squares and rings on the map, and the decision of who may decide. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, h } from 'vue'

import type { Proposal } from '@/api/rates'
import { makeI18n } from '@/i18n'
import { cellFeatures, ring } from '@/map/hotSpots'
import { emptyBox, growByGeometry } from '@/map/layer'
import ProposalCard from '@/rates/ProposalCard.vue'
import { measured, ratio, ticketsBehind } from '@/rates/spot'
import { makeRouter } from '@/router'

let app: App | null = null

const reason = {
  detector: 'space_time_scan', detector_version: 1, from_at: '2026-11-20T16:00:00Z', to_at: '2026-11-22T16:00:00Z',
  observed: 12, expected: 1.5, statistic: 14.2, p_value: 0.0004, tickets: [3, 4],
}

function proposal(changes: Partial<Proposal> = {}): Proposal {
  return {
    id: 5, source: 'hot_spot', kind: 'waste_overflow', kind_zh: '垃圾满溢', kind_en: 'Waste overflow', area_id: null, place: '清水苑二号门',
    lon: 104, lat: 30, reason, witnesses: [1, 2], findings: 1, proposed_at: '2026-11-22T16:00:00Z', state: 'proposed',
    decided_at: null, decision_reason: null, ticket_id: null, ...changes,
  }
}

function card(shown: Proposal, mayDecide: boolean): Element {
  const place = document.createElement('div')
  document.body.append(place)
  const pinia = createPinia()
  setActivePinia(pinia)
  app = createApp({ render: () => h(ProposalCard, { proposal: shown, mayDecide }) })
  app.use(pinia).use(makeRouter()).use(makeI18n('zh-CN')).mount(place)
  return place
}

afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})

describe('a reason', () => {
  it('gives its numbers where a detector wrote them, and none where a person did', () => {
    expect(measured(reason)).toMatchObject({ observed: 12, expected: 1.5, p_value: 0.0004 })
    expect(measured({ words: '居民反映' })).toBeNull()
    expect(ticketsBehind(reason)).toEqual([3, 4])
    expect(ticketsBehind({})).toEqual([])
  })

  it('says how many times what was expected', () => {
    expect(ratio({ observed: 12, expected: 1.5 })).toBe(8)
    expect(ratio({ observed: 3, expected: 0 })).toBeNull()
    expect(ratio({ observed: 3, expected: null })).toBeNull()
  })
})

describe('the map', () => {
  it('draws squares of 200 m and rings of their radius, whatever the latitude', () => {
    const [cell] = cellFeatures([{ lon: 104, lat: 60, incidents: 3, z: 2.1 }])
    const box = emptyBox()
    if (cell === undefined) throw new Error('no cell')
    growByGeometry(box, cell.geometry)
    expect((box[3] - box[1]) * 111_195).toBeCloseTo(200, 3)
    expect((box[2] - box[0]) * 111_195 * Math.cos(Math.PI / 3)).toBeCloseTo(200, 3)
    const round = emptyBox()
    growByGeometry(round, ring(104, 30, 500).geometry)
    expect((round[3] - round[1]) * 111_195).toBeCloseTo(1000, 3)
  })
})

describe('a proposal', () => {
  it('says why, and is decided by who may', async () => {
    const asked: { url: string; body: unknown }[] = []
    vi.stubGlobal('fetch', (url: string, { body }: { body: string }) => {
      asked.push({ url, body: JSON.parse(body) as unknown })
      return Promise.resolve(new Response(null, { status: 204 }))
    })
    const place = card(proposal(), true)
    expect(place.textContent).toContain('12 件')
    expect(place.textContent).toContain('8.0 倍')
    place.querySelector<HTMLElement>('[data-test="decline"]')?.click()
    await vi.waitFor(() => { expect(place.querySelector('form')).not.toBeNull() })
    const field = place.querySelector<HTMLInputElement>('[data-field="reason"]')
    if (field === null) throw new Error('no field')
    field.value = '已有整治安排'
    field.dispatchEvent(new Event('input'))
    await vi.waitFor(() => { expect(place.querySelector<HTMLButtonElement>('[data-test="decide"]')?.disabled).toBe(false) })
    place.querySelector<HTMLElement>('[data-test="decide"]')?.click()
    await vi.waitFor(() => { expect(asked).toEqual([{ url: '/api/v1/rates/proposals/5/refusal', body: { reason: '已有整治安排' } }]) })
  })

  it('offers nothing to who may not, nor once it is decided', () => {
    expect(card(proposal(), false).querySelector('button')).toBeNull()
    app?.unmount()
    const decided = card(proposal({ state: 'declined', decided_at: '2026-11-23T00:00:00Z', decision_reason: '已有整治安排' }), true)
    expect(decided.querySelector('button')).toBeNull()
    expect(decided.textContent).toContain('已有整治安排')
  })
})
