/**
 * The order of the work queue. Pure: rows and times come in, a new order goes out.
 * The order is only made anew when the officer asks for it (`sorted`); live rows wait in a strip,
 * except those of grade I, so that nothing moves under the cursor.
 */
import type { TicketRow } from '@/api/model'

/** Nobody has taken responsibility yet: the desk has not judged it or the lead has not signed. */
const UNACKNOWLEDGED: ReadonlySet<string> = new Set(['new', 'verifying_fact', 'accepted', 'dispatched'])
const TERMINAL: ReadonlySet<string> = new Set(['not_accepted', 'answered', 'merged', 'closed', 'voided'])
const GRAVEST = 1

export type Rows = ReadonlyMap<number, TicketRow>

export interface Queue {
  /** Ticket ids as they stand on the screen. */
  order: readonly number[]
  /** Ids that came since and wait in the strip, oldest first. */
  waiting: readonly number[]
}

export const EMPTY_QUEUE: Queue = { order: [], waiting: [] }

export function isUnacknowledged(row: TicketRow): boolean {
  return UNACKNOWLEDGED.has(row.state)
}

export function isTerminal(row: TicketRow): boolean {
  return TERMINAL.has(row.state)
}

/** Unacknowledged first, then the grade, then what is due next, then the older. */
function compareRows(a: TicketRow, b: TicketRow): number {
  return (
    Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
    a.grade - b.grade ||
    compareDue(a.due_at, b.due_at) ||
    a.id - b.id
  )
}

/** The queue sorted afresh from all rows that pass; the strip is empty then, and closed tickets have left. */
export function sorted(rows: Rows, passes: (row: TicketRow) => boolean): Queue {
  const shown = [...rows.values()].filter((row) => !isTerminal(row) && passes(row))
  return { order: shown.sort(compareRows).map((row) => row.id), waiting: [] }
}

/** The queue after rows came in: known ones stay where they are, new ones go to the strip, grade I goes on top. */
export function arrived(queue: Queue, rows: Rows, came: readonly number[], passes: (row: TicketRow) => boolean): Queue {
  if (queue.order.length === 0) return sorted(rows, passes)
  const known = new Set([...queue.order, ...queue.waiting])
  const onTop: number[] = []
  const waiting: number[] = []
  for (const id of came) {
    const row = rows.get(id)
    if (row === undefined || known.has(id) || isTerminal(row) || !passes(row)) continue
    known.add(id)
    if (row.grade === GRAVEST) onTop.unshift(id)
    else waiting.push(id)
  }
  // A waiting row that was raised to grade I, or closed, does not go on waiting.
  const raised = queue.waiting.filter((id) => rows.get(id)?.grade === GRAVEST)
  const still = queue.waiting.filter((id) => {
    const row = rows.get(id)
    return row !== undefined && row.grade !== GRAVEST && !isTerminal(row)
  })
  if (onTop.length + waiting.length + raised.length === 0 && still.length === queue.waiting.length) return queue
  return { order: [...onTop, ...raised, ...queue.order], waiting: [...still, ...waiting] }
}

/** The neighbour `step` rows away from the cursor; the nearest row where the cursor's own has gone. */
export function neighbour(order: readonly number[], cursor: number | null, lastIndex: number, step: number): number | null {
  if (order.length === 0) return null
  const at = cursor === null ? -1 : order.indexOf(cursor)
  let wanted: number
  if (at >= 0) wanted = at + step
  else if (cursor === null) wanted = step > 0 ? 0 : order.length - 1
  else wanted = lastIndex + (step > 0 ? 0 : -1)
  return order[Math.max(0, Math.min(order.length - 1, wanted))] ?? null
}

function compareDue(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return Date.parse(a) - Date.parse(b)
}
