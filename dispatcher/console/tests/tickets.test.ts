/** The ticket store: the first list, live rows beside it, the cursor that survives, the quiet. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { TicketRow } from '@/api/model'
import { NO_FILTER } from '@/store/filter'
import { useSession } from '@/store/session'
import { useTickets } from '@/store/tickets'

import { ticket, user } from './rows'

type Pages = Record<string, { items: TicketRow[]; next: string | null }>

/** Answers the list by its cursor; `during` runs while the page is on its way. */
function serve(pages: Pages, during: () => void = () => undefined): ReturnType<typeof vi.fn> {
  const asked = vi.fn((url: string) => {
    during()
    const cursor = new URL(url, 'http://console').searchParams.get('cursor') ?? ''
    return Promise.resolve(Response.json(pages[cursor]))
  })
  vi.stubGlobal('fetch', asked)
  return asked
}

beforeEach(() => {
  setActivePinia(createPinia())
  useSession().user = user()
})
afterEach(() => { vi.unstubAllGlobals() })

describe('loading', () => {
  it('reads every page and sorts once', async () => {
    const asked = serve({ '': { items: [ticket(1), ticket(2)], next: 'x' }, x: { items: [ticket(3, { grade: 1 })], next: null } })
    const tickets = useTickets()
    await tickets.load()
    expect(asked).toHaveBeenCalledTimes(2)
    expect(tickets.queue.order).toEqual([3, 1, 2])
    expect(tickets.waitingCount).toBe(0)
  })

  it('keeps what the stream told while the list was read', async () => {
    const tickets = useTickets()
    serve({ '': { items: [ticket(1, { version: 1 })], next: null } }, () => {
      tickets.apply([ticket(1, { version: 2, state: 'acknowledged' }), ticket(9)])
    })
    await tickets.load()
    expect(tickets.rows.get(1)?.state).toBe('acknowledged')
    expect(tickets.rows.has(9)).toBe(true)
  })

  it('after a break drops what is no longer open and puts what is new into the strip', async () => {
    const tickets = useTickets()
    serve({ '': { items: [ticket(1), ticket(2)], next: null } })
    await tickets.load()
    serve({ '': { items: [ticket(2), ticket(3)], next: null } })
    await tickets.load()
    expect(tickets.queue.order).toEqual([2])
    expect(tickets.queue.waiting).toEqual([3])
  })
})

describe('live rows', () => {
  beforeEach(async () => {
    serve({ '': { items: [ticket(1), ticket(2), ticket(3)], next: null } })
    await useTickets().load()
  })

  it('never move the row under the cursor, and the cursor survives taking them in', () => {
    const tickets = useTickets()
    tickets.pointAt(2)
    tickets.apply([ticket(4, { grade: 2 }), ticket(1, { version: 2, state: 'acknowledged' })])
    expect(tickets.queue.order).toEqual([1, 2, 3])
    expect(tickets.waitingCount).toBe(1)
    tickets.pull()
    expect(tickets.queue.order).toEqual([4, 2, 3, 1])
    expect(tickets.cursor).toBe(2)
    tickets.moveCursor(1)
    expect(tickets.cursor).toBe(3)
  })

  it('older than what is known are ignored', () => {
    const tickets = useTickets()
    tickets.apply([ticket(1, { version: 5, state: 'resolved' })])
    tickets.apply([ticket(1, { version: 4, state: 'acknowledged' })])
    expect(tickets.rows.get(1)?.state).toBe('resolved')
  })

  it('that close stay in their place until the officer sorts, and the cursor goes to the neighbour', () => {
    const tickets = useTickets()
    tickets.pointAt(2)
    tickets.apply([ticket(2, { version: 2, state: 'closed', closed_at: '2026-11-22T12:30:00Z' })])
    expect(tickets.queue.order).toEqual([1, 2, 3])
    tickets.pull()
    expect(tickets.queue.order).toEqual([1, 3])
    tickets.moveCursor(1)
    expect(tickets.cursor).toBe(3)
  })

  it('of a frame are drawn once', () => {
    const tickets = useTickets()
    const before = tickets.queue
    tickets.apply([ticket(1, { version: 2 }), ticket(2, { version: 2 }), ticket(3, { version: 2 })])
    expect(tickets.queue).toBe(before)
  })
})

describe('filters', () => {
  it('sort at once, since the officer asked, and can be cleared', async () => {
    const tickets = useTickets()
    serve({ '': { items: [ticket(1, { grade: 4 }), ticket(2, { grade: 2 }), ticket(3, { grade: 2, overdue: true })], next: null } })
    await tickets.load()
    tickets.setFilter({ ...NO_FILTER, grades: [2] })
    expect(tickets.queue.order).toEqual([2, 3])
    tickets.setFilter({ ...NO_FILTER, overdue: true })
    expect(tickets.queue.order).toEqual([3])
    tickets.setFilter(NO_FILTER)
    expect(tickets.queue.order).toHaveLength(3)
  })

  it('find text in number, kind, place and unit of both languages', async () => {
    const tickets = useTickets()
    serve({ '': { items: [ticket(1, { place: '五号楼' }), ticket(2)], next: null } })
    await tickets.load()
    tickets.setFilter({ ...NO_FILTER, text: '五号' })
    expect(tickets.queue.order).toEqual([1])
    tickets.setFilter({ ...NO_FILTER, text: 'outdoor' })
    expect(tickets.queue.order).toEqual([1, 2])
  })

  it('know whose move it is', async () => {
    const tickets = useTickets()
    serve({ '': { items: [ticket(1, { state: 'new' }), ticket(2), ticket(3, { lead: { id: 'urban', zh_name: '', en_name: '' } })], next: null } })
    await tickets.load()
    tickets.setFilter({ ...NO_FILTER, mine: true })
    expect(tickets.queue.order).toEqual([1])
    useSession().user = user({ roles: ['dept_handler'], organisation_id: 'fire' })
    tickets.pull()
    expect(tickets.queue.order).toEqual([2])
  })
})

it('remembers since when it is quiet', async () => {
  const tickets = useTickets()
  serve({ '': { items: [], next: null } })
  await tickets.load()
  expect(tickets.quietSince_ms).not.toBeNull()
  tickets.apply([ticket(1)])
  expect(tickets.queue.order).toEqual([1])
  expect(tickets.quietSince_ms).toBeNull()
})
