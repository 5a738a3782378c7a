/** The open tickets, the queue in which they stand, the cursor, and the ticket whose panel is open. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'

import { api } from '@/api/client'
import type { TicketRow } from '@/api/model'

import { NO_FILTER, passing, type QueueFilter } from './filter'
import { arrived, EMPTY_QUEUE, isTerminal, neighbour, type Queue, sorted } from './queue'
import { useSession } from './session'

export const useTickets = defineStore('tickets', () => {
  const session = useSession()
  const rows = shallowRef(new Map<number, TicketRow>())
  const queue = shallowRef<Queue>(EMPTY_QUEUE)
  const filter = shallowRef<QueueFilter>(NO_FILTER)
  const cursor = ref<number | null>(null)
  const selected = ref<number | null>(null)
  /** Until the first list is complete; live rows that come before it do not count as new. */
  const loaded = ref(false)
  const quietSince_ms = ref<number | null>(null)
  let cursorIndex = 0

  const open = computed(() => [...rows.value.values()].filter((row) => !isTerminal(row)))
  const waitingCount = computed(() => queue.value.waiting.length)

  function passes(row: TicketRow): boolean {
    return passing(filter.value, session.user)(row)
  }

  /** Reads every open ticket; rows that the server no longer lists as open are dropped. */
  async function load(): Promise<void> {
    const before = new Map(rows.value)
    const fresh = new Map<number, TicketRow>()
    await api.openTickets((page) => {
      for (const row of page) fresh.set(row.id, row)
    })
    // What the stream told while the pages were read may be newer than the page.
    for (const [id, row] of rows.value) {
      const listed = fresh.get(id)
      if (row !== before.get(id) && (listed === undefined || listed.version <= row.version)) fresh.set(id, row)
    }
    const firstTime = !loaded.value
    rows.value = fresh
    loaded.value = true
    if (firstTime) pull()
    else takeIn([...fresh.keys()])
  }

  /** Takes rows of the live stream, all of one frame at once. */
  function apply(changed: readonly TicketRow[]): void {
    for (const row of changed) {
      const known = rows.value.get(row.id)
      if (known === undefined || known.version <= row.version) rows.value.set(row.id, row)
    }
    triggerRef(rows)
    if (loaded.value) takeIn(changed.map((row) => row.id))
  }

  function takeIn(came: readonly number[]): void {
    const test = passing(filter.value, session.user)
    const next = arrived(queue.value, rows.value, came, test)
    // Rows that a reload no longer knows leave; closed ones stay, dimmed, until the officer sorts.
    queue.value = next.order.every((id) => rows.value.has(id))
      ? next
      : { ...next, order: next.order.filter((id) => rows.value.has(id)) }
    keepCursor()
  }

  /** Sorts afresh and takes in the strip: only ever because the officer asked. */
  function pull(): void {
    for (const [id, row] of rows.value) if (isTerminal(row) && id !== selected.value) rows.value.delete(id)
    queue.value = sorted(rows.value, passing(filter.value, session.user))
    if (queue.value.order.length === 0) quietSince_ms.value ??= Date.now()
    else quietSince_ms.value = null
    keepCursor()
  }

  function setFilter(next: QueueFilter): void {
    filter.value = next
    pull()
  }

  function keepCursor(): void {
    if (queue.value.order.length > 0) quietSince_ms.value = null
    const at = cursor.value === null ? -1 : queue.value.order.indexOf(cursor.value)
    if (at >= 0) cursorIndex = at
  }

  function moveCursor(step: number): void {
    pointAt(neighbour(queue.value.order, cursor.value, cursorIndex, step))
  }

  function pointAt(id: number | null): void {
    cursor.value = id
    keepCursor()
  }

  function select(id: number | null): void {
    selected.value = id
    if (id !== null) pointAt(id)
  }

  /** The next row below the cursor, round the end, that nobody has acknowledged. */
  function nextWhere(test: (row: TicketRow) => boolean): number | null {
    const { order } = queue.value
    for (let step = 1; step <= order.length; step += 1) {
      const id = order[(Math.max(0, cursorIndex) + step) % order.length]
      const row = id === undefined ? undefined : rows.value.get(id)
      if (row !== undefined && test(row)) return row.id
    }
    return null
  }

  function clear(): void {
    rows.value = new Map()
    queue.value = EMPTY_QUEUE
    filter.value = NO_FILTER
    cursor.value = null
    selected.value = null
    loaded.value = false
  }

  return {
    rows, queue, filter, cursor, selected, loaded, quietSince_ms, open, waitingCount,
    passes, load, apply, pull, setFilter, moveCursor, pointAt, select, nextWhere, clear,
  }
})
