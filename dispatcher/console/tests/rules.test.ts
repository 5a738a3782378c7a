/** The rules as the page reads them: paths, changes, spoken lengths, and what a role is offered. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, h } from 'vue'
import { RouterView } from 'vue-router'

import type { Permission } from '@/api/model'
import type { RuleDocument, RuleVersion } from '@/api/rules'
import { makeI18n } from '@/i18n'
import { makeRouter } from '@/router'
import { changedPaths, copyOf, pointed, spoken } from '@/rules/document'
import { useSession } from '@/store/session'

import { user } from './rows'

/** A machine under load draws later. */
const PATIENCE = { timeout: 20_000 }
vi.setConfig({ testTimeout: 60_000 })

let app: App | null = null

function book(): RuleDocument {
  return {
    format: 1,
    groups: {
      fire: {
        zh_name: '火灾燃气', en_name: 'Fire', clustered: true, r_m: 150, t_s: 600, g_s: 60, m: 1, lateness_s: 300,
        tile_s: 0, follow_s: 3600, flap_window_s: 0, flap_on: 3, flap_off: 1,
      },
    },
    kinds: { outdoor_fire: { group: 'fire', likelihood: 3, consequence: 4, mode: 'auto_ticket' } },
    matrix: { 1: [4, 4, 4, 4, 3], 2: [4, 4, 4, 3, 3], 3: [4, 3, 3, 2, 2], 4: [3, 3, 2, 2, 1], 5: [3, 2, 2, 1, 1] },
    references: { grade_points: 1 },
  }
}

function version(id: number, changes: Partial<RuleVersion> = {}): RuleVersion {
  return {
    id, state: 'draft', sha256: 'a'.repeat(64), source: 'api', author: '工程师', note: `第${String(id)}版`, created_at: '2026-11-22T02:00:00Z',
    activated_at: null, activated_seq: null, activated_by: null, reason: null, refused: null, ...changes,
  }
}

async function opened(permissions: Permission[], asked: { method: string; url: string; body: unknown }[] = []): Promise<Element> {
  const versions = [version(2), version(1, { state: 'active', source: 'release', activated_at: '2026-11-22T02:00:00Z', activated_seq: 0 })]
  vi.stubGlobal('fetch', (url: string, { method, body }: { method: string; body?: string }) => {
    asked.push({ method, url, body: body === undefined ? null : JSON.parse(body) as unknown })
    if (url.includes('/rules?')) return Promise.resolve(Response.json({ items: versions, next: null }))
    if (url.endsWith('/difference?against=1')) {
      return Promise.resolve(Response.json({ before: 1, after: 2, items: [{ path: 'groups.fire.r_m', before: 150, after: 300 }] }))
    }
    const id = /\/rules\/(\d)$/.exec(url)?.[1]
    const row = [...versions, version(3)].find((each) => String(each.id) === id)
    if (row !== undefined) return Promise.resolve(Response.json({ ...row, content: book() }))
    if (url.endsWith('/validate')) return Promise.resolve(Response.json({ valid: true, sha256: 'a'.repeat(64), findings: [] }))
    if (url.endsWith('/rules')) return Promise.resolve(Response.json({ ...version(3), findings: [] }, { status: 201 }))
    return Promise.resolve(Response.json({ items: [], next: null }))
  })
  const place = document.createElement('div')
  document.body.append(place)
  const pinia = createPinia()
  setActivePinia(pinia)
  useSession().user = user({ permissions })
  const router = makeRouter()
  await router.push({ name: 'rules' })
  app = createApp({ render: () => h(RouterView) })
  app.use(pinia).use(router).use(makeI18n('zh-CN')).mount(place)
  await vi.waitFor(() => { expect(place.querySelector('[data-test="groups"]'), place.textContent).not.toBeNull() }, PATIENCE)
  return place
}

function press(place: Element, name: string): void {
  const button = place.querySelector<HTMLElement>(`[data-test="${name}"]`)
  if (button === null) throw new Error(`no ${name}`)
  button.click()
}

afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
  vi.unstubAllGlobals()
})

describe('a document', () => {
  it('names what differs by the paths of the server', () => {
    const after = copyOf(book())
    const [fire, kind] = [after.groups.fire, after.kinds.outdoor_fire]
    const row = after.matrix['4']
    if (fire === undefined || kind === undefined || row === undefined) throw new Error('incomplete')
    fire.r_m = 300
    kind.mode = 'review'
    row[2] = 1
    expect([...changedPaths(book(), after)].sort()).toEqual(['groups.fire.r_m', 'kinds.outdoor_fire.mode', 'matrix.4[2]'])
    expect(changedPaths(book(), book()).size).toBe(0)
  })

  it('points at groups, kinds and cells', () => {
    expect(pointed('groups.fire.r_m')).toEqual({ part: 'group', name: 'fire', field: 'r_m' })
    expect(pointed('matrix.4[2]')).toEqual({ part: 'matrix', name: '4', field: '3' })
    expect(pointed('patterns.gas_leak.mode')).toEqual({ part: 'pattern', name: 'gas_leak', field: 'mode' })
    expect(pointed('references.grade_points')).toEqual({ part: 'reference', name: 'grade_points', field: '' })
  })

  it.each([[0, 0, 's'], [90, 90, 's'], [600, 10, 'min'], [7200, 2, 'h'], [86_400, 1, 'd'], [90_000, 25, 'h']])('says %s s as %s %s', (seconds, n, unit) => {
    expect(spoken(seconds)).toEqual({ n, unit })
  })
})

describe('the page on rules', () => {
  it('opens the version in force and offers a reader nothing that would be refused', async () => {
    const place = await opened(['read_rules'])
    expect(place.querySelector('[data-version][aria-pressed="true"]')?.textContent).toContain('第 1 版')
    expect(place.querySelector('[data-test="groups"]')?.textContent).toContain('10 分钟')
    expect(place.querySelector('[data-test="begin-draft"]')).toBeNull()
    expect(place.querySelector('#tab-activation')).toBeNull()
  })

  it('keeps a draft with what was changed and a note, and no draft without a change', async () => {
    const asked: { method: string; url: string; body: unknown }[] = []
    const place = await opened(['read_rules', 'change_rules'], asked)
    press(place, 'begin-draft')
    await vi.waitFor(() => { expect(place.querySelector('[data-test="draft"]')).not.toBeNull() }, PATIENCE)
    expect(place.querySelector<HTMLButtonElement>('[data-test="keep"]')?.disabled).toBe(true)
    const cell = place.querySelector<HTMLInputElement>('[data-path="groups.fire.r_m"]')
    const note = place.querySelector<HTMLInputElement>('[data-field="note"]')
    if (cell === null || note === null) throw new Error('not editable')
    cell.value = '300'
    cell.dispatchEvent(new Event('input'))
    note.value = '扩大火灾相连距离'
    note.dispatchEvent(new Event('input'))
    await vi.waitFor(() => { expect(place.querySelector('[data-test="changed"]')?.textContent).toContain('已改 1 处') }, PATIENCE)
    press(place, 'keep')
    await vi.waitFor(() => { expect(asked.some((one) => one.method === 'POST' && one.url.endsWith('/rules'))).toBe(true) }, PATIENCE)
    const kept = asked.find((one) => one.method === 'POST' && one.url.endsWith('/rules'))?.body as { note: string; content: RuleDocument }
    expect(kept.note).toBe('扩大火灾相连距离')
    expect(kept.content.groups.fire?.r_m).toBe(300)
  })

  it('puts a version in force only with a reason and its own number', async () => {
    const asked: { method: string; url: string; body: unknown }[] = []
    const place = await opened(['read_rules', 'change_rules'], asked)
    place.querySelector<HTMLElement>('[data-version="2"]')?.click()
    await vi.waitFor(() => { expect(place.querySelector('header h2')?.textContent).toContain('第 2 版') }, PATIENCE)
    place.querySelector<HTMLElement>('#tab-activation')?.click()
    await vi.waitFor(() => { expect(place.querySelector('[data-test="activate"]')).not.toBeNull() }, PATIENCE)
    const button = place.querySelector<HTMLButtonElement>('[data-test="activate"]')
    const put = async (field: string, text: string) => {
      const input = place.querySelector<HTMLInputElement>(`[data-field="${field}"]`)
      if (input === null) throw new Error(field)
      input.value = text
      input.dispatchEvent(new Event('input'))
      await Promise.resolve()
    }
    await put('reason', '试运行良好')
    await put('confirm', '1')
    expect(button?.disabled).toBe(true)
    await put('confirm', '2')
    await vi.waitFor(() => { expect(button?.disabled).toBe(false) }, PATIENCE)
    button?.click()
    await vi.waitFor(() => {
      expect(asked.find((one) => one.url.endsWith('/rules/2/activate'))?.body).toEqual({ reason: '试运行良好' })
    }, PATIENCE)
  })
})
