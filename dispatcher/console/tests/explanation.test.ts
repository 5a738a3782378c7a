/** The page that explains an incident: what it shows is what the api said, in both languages. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, h } from 'vue'
import { RouterView } from 'vue-router'

import type { IncidentExplanation } from '@/api/model'
import { type LocaleName, makeI18n } from '@/i18n'
import { layOut, roundLength, signedPoints } from '@/incident/layout'
import { makeRouter } from '@/router'
import { useSession } from '@/store/session'

import { explanation, user } from './rows'

let app: App | null = null

async function opened(shown: IncidentExplanation, locale: LocaleName = 'zh-CN'): Promise<Element> {
  vi.stubGlobal('fetch', (url: string) => Promise.resolve(Response.json(url.endsWith('/explanation') ? shown : user())))
  const place = document.createElement('div')
  const pinia = createPinia()
  setActivePinia(pinia)
  useSession().user = user()
  const router = makeRouter()
  await router.push({ name: 'incident', params: { id: shown.id } })
  app = createApp({ render: () => h(RouterView) })
  app.use(pinia).use(router).use(makeI18n(locale)).mount(place)
  await vi.waitFor(() => {
    if (place.querySelector('[data-test="points"]') === null) throw new Error('not drawn yet')
  })
  return place
}

function text(place: Element, name: string): string {
  return place.querySelector(`[data-test="${name}"]`)?.textContent.replace(/\s+/g, ' ').trim() ?? ''
}

afterEach(() => {
  app?.unmount()
  vi.unstubAllGlobals()
})

describe('the explanation of an incident', () => {
  it('says why: points, rule, version and the numbers of the witnesses', async () => {
    const points = text(await opened(explanation()), 'points')
    expect(points).toContain('+2,000')
    expect(points).toContain('独立来源印证 v1')
    expect(points).toContain('#1 #2 #4')
    expect(points).toContain('证据定级 I 级')
  })

  it('says why together: distance, time, the rule, the bridge and the pattern with its witnesses', async () => {
    const place = await opened(explanation())
    const links = text(place, 'links')
    expect(links).toContain('150 米、10 分钟')
    expect(links).toContain('120.0 米')
    expect(links).toContain('03:00')
    const match = text(place, 'match')
    expect(match).toContain('垃圾桶起火（第 3 版）')
    expect(match).toContain('垃圾桶温度异常 · #1 · 0.0 米 · 00:00')
    expect(match).toContain('见烟或见火 · #4 · 50.0 米 · 03:00')
    expect(text(place, 'bridge')).toBe('由 #2 连通，IN-20261122-00008 已归并')
    expect(place.querySelectorAll('[data-test="members"] tbody tr')).toHaveLength(4)
    expect(place.querySelectorAll('[data-test="member-map"] .dot.bridge')).toHaveLength(1)
  })

  it('says what would change it, or that nothing single would', async () => {
    expect(text(await opened(explanation()), 'what-if')).toContain('若撤回摄像机的报告 → II 级')
    app?.unmount()
    expect(text(await opened(explanation({ what_if: [] })), 'what-if')).toContain('没有单一变化')
  })

  it('names the officer whose grade lies over the computed one', async () => {
    const by = { reason: '旁边是加油站', by: '李值班', role: 'duty_officer', at: '2026-11-22T02:09:00Z' }
    const points = text(await opened(explanation({ overrides: [{ ...by, grade: 1, computed_grade: 2 }] })), 'points')
    expect(points).toContain('李值班（值班员）于 2026-11-22 10:09:00 定为 I 级：旁边是加油站')
  })

  it('speaks English as well', async () => {
    const place = await opened(explanation(), 'en')
    expect(text(place, 'points')).toContain('Independent sources agree v1')
    expect(text(place, 'what-if')).toContain('if the camera reports are withdrawn')
  })

  it('says so where the links of too many events were not kept', async () => {
    expect(text(await opened(explanation({ links: [], links_complete: false })), 'links')).toContain('未保留逐条连接')
  })
})

describe('an incident that cannot be read', () => {
  it('is never shown as the one that stood there before', async () => {
    const place = await opened(explanation())
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    place.querySelector<HTMLButtonElement>('[data-test="reload"]')?.click()
    await vi.waitFor(() => { expect(place.querySelector('[data-test="points"]')).toBeNull() })
    expect(place.querySelector('main')?.textContent.trim()).not.toBe('')
  })
})

describe('the small map', () => {
  const { members, links } = explanation()

  it('keeps distances in proportion and everything inside', () => {
    const drawn = layOut(members, links, 440, 260)
    const [bin, camera, other] = drawn.dots
    if (bin === undefined || camera === undefined || other === undefined) throw new Error('dots are missing')
    expect((other.x - bin.x) / (camera.x - bin.x)).toBeCloseTo(210 / 90)
    for (const dot of drawn.dots) expect(dot.x > 0 && dot.x < 440 && dot.y > 0 && dot.y < 260).toBe(true)
    expect(drawn.lines).toHaveLength(3)
  })

  it('draws nothing for what has no position, and one place in the middle', () => {
    const [first] = members
    if (first === undefined) throw new Error('no member')
    const drawn = layOut([first, { ...first, uid: 'f', east_m: null, north_m: null }], links, 440, 260)
    expect(drawn.dots).toMatchObject([{ x: 220, y: 130, n: 1 }])
    expect(drawn.lines).toHaveLength(0)
  })

  it.each([[7, 5], [23, 20], [100, 100], [1999, 1000], [0.4, 0.2]])('rounds a bar of %s m down to %s m', (metres, round) => {
    expect(roundLength(metres)).toBeCloseTo(round)
  })

  it('signs points', () => {
    expect([signedPoints(2000), signedPoints(-1500), signedPoints(0)]).toEqual(['+2,000', '−1,500', '0'])
  })
})
