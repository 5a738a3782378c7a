/** The order of the work queue, and that nothing moves under the cursor. */
import { describe, expect, it } from 'vitest'

import type { TicketRow } from '@/api/model'
import { arrived, EMPTY_QUEUE, neighbour, sorted } from '@/store/queue'

import { ticket } from './rows'

const all = () => true

function rowsOf(...rows: TicketRow[]): Map<number, TicketRow> {
  return new Map(rows.map((row) => [row.id, row]))
}

describe('sorting', () => {
  it('puts the unacknowledged first, then the grade, then what is due next, then the older', () => {
    const rows = rowsOf(
      ticket(1, { state: 'acknowledged', grade: 1 }),
      ticket(2, { grade: 3, due_at: '2026-11-22T13:00:00Z' }),
      ticket(3, { grade: 3, due_at: '2026-11-22T12:30:00Z' }),
      ticket(4, { grade: 2, due_at: null, due_clock: null }),
      ticket(5, { state: 'new', grade: 2, due_at: '2026-11-22T18:00:00Z' }),
      ticket(6, { grade: 3, due_at: '2026-11-22T13:00:00Z' }),
    )
    expect(sorted(rows, all).order).toEqual([5, 4, 3, 2, 6, 1])
  })

  it('compares due times as times, whatever their offset', () => {
    const rows = rowsOf(ticket(1, { due_at: '2026-11-22T20:30:00+08:00' }), ticket(2, { due_at: '2026-11-22T12:10:00Z' }))
    expect(sorted(rows, all).order).toEqual([2, 1])
  })

  it('leaves out what is closed and what the filter holds back', () => {
    const rows = rowsOf(ticket(1), ticket(2, { state: 'closed' }), ticket(3, { grade: 4 }))
    expect(sorted(rows, (row) => row.grade < 4).order).toEqual([1])
  })
})

describe('live rows', () => {
  it('wait in the strip and leave the order alone', () => {
    const rows = rowsOf(ticket(1), ticket(2))
    const before = sorted(rows, all)
    rows.set(3, ticket(3, { grade: 2 }))
    const after = arrived(before, rows, [3], all)
    expect(after.order).toEqual(before.order)
    expect(after.waiting).toEqual([3])
  })

  it('of grade I go on top at once, the newest first', () => {
    const rows = rowsOf(ticket(1), ticket(2, { grade: 1 }), ticket(3, { grade: 1 }))
    const after = arrived({ order: [1], waiting: [] }, rows, [2, 3], all)
    expect(after).toEqual({ order: [3, 2, 1], waiting: [] })
  })

  it('raised to grade I while waiting go on top', () => {
    const rows = rowsOf(ticket(1), ticket(2, { grade: 1 }))
    expect(arrived({ order: [1], waiting: [2] }, rows, [2], all)).toEqual({ order: [2, 1], waiting: [] })
  })

  it('that close while waiting do not go on waiting', () => {
    const rows = rowsOf(ticket(1), ticket(2, { state: 'voided' }))
    expect(arrived({ order: [1], waiting: [2] }, rows, [2], all).waiting).toEqual([])
  })

  it('that are known change nothing, so that nobody draws for them', () => {
    const rows = rowsOf(ticket(1), ticket(2))
    const before = sorted(rows, all)
    expect(arrived(before, rows, [1, 2], all)).toBe(before)
  })

  it('fill an empty queue at once: there is no cursor to disturb', () => {
    const rows = rowsOf(ticket(7, { grade: 4 }))
    expect(arrived(EMPTY_QUEUE, rows, [7], all).order).toEqual([7])
  })

  it('that the filter holds back do not wait', () => {
    const rows = rowsOf(ticket(1), ticket(2, { grade: 4 }))
    expect(arrived({ order: [1], waiting: [] }, rows, [2], (row) => row.grade < 4).waiting).toEqual([])
  })
})

describe('the neighbour of the cursor', () => {
  it.each([
    ['is the first row when there is no cursor', null, 0, 1, 10],
    ['is the next row', 10, 0, 1, 20],
    ['stays at the end', 30, 2, 1, 30],
    ['stays at the beginning', 10, 0, -1, 10],
    ['is the row that moved up when the cursor has gone', 99, 1, 1, 20],
    ['is the row above when the cursor has gone', 99, 1, -1, 10],
  ])('%s', (_, cursor, index, step, expected) => {
    expect(neighbour([10, 20, 30], cursor, index, step)).toBe(expected)
  })

  it('is nothing in an empty queue', () => {
    expect(neighbour([], 5, 3, 1)).toBeNull()
  })
})
