/** The ticket whose panel is open: its detail, its timeline, its drafts, and acting on it. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { TicketDetail, TimelineItem } from '@/api/model'
import { Refusal } from '@/api/problem'
import { actOn } from '@/api/shapes'

import { useTickets } from './tickets'

export interface Draft {
  reason: string
  fields: Record<string, DraftValue>
}

export type DraftValue = string | number | string[] | number[] | null

export const useOpenedTicket = defineStore('opened', () => {
  const tickets = useTickets()
  const detail = shallowRef<TicketDetail | null>(null)
  const timeline = shallowRef<TimelineItem[]>([])
  const failure = shallowRef<unknown>(null)
  const acting = ref(false)
  /** What was typed and not sent, by ticket and event: closing a form loses nothing. */
  const drafts = ref<Record<string, Draft>>({})
  let wanted: number | null = null
  let reading = false
  let again = false

  /** Shows a ticket; null closes the panel. */
  async function show(id: number | null): Promise<void> {
    wanted = id
    if (detail.value?.id !== id) {
      detail.value = null
      timeline.value = []
    }
    failure.value = null
    if (id !== null) await refresh()
  }

  /** Reads the shown ticket anew; calls during a reading end in one more reading, not in many. */
  async function refresh(): Promise<void> {
    if (reading) {
      again = true
      return
    }
    reading = true
    try {
      do {
        again = false
        const id = wanted
        if (id === null) return
        await read(id)
      } while (again)
    } finally {
      reading = false
    }
  }

  async function read(id: number): Promise<void> {
    try {
      const [ticket, entries] = await Promise.all([api.ticket(id), api.timeline(id)])
      if (wanted !== id) {
        again = true
        return
      }
      detail.value = ticket
      timeline.value = entries.items
      failure.value = null
    } catch (error) {
      if (wanted === id) failure.value = error
    }
  }

  /** Takes an action; the refusal is thrown, and after a lost race the ticket is read anew first. */
  async function act(event: string, draft: Draft): Promise<void> {
    const ticket = detail.value
    if (ticket === null) return
    acting.value = true
    try {
      const fields = Object.fromEntries(Object.entries(draft.fields).filter(([, value]) => isGiven(value)))
      const after = await api.act(ticket.id, event, actOn(ticket, fields, draft.reason.trim()))
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- keys are ticket and event
      delete drafts.value[draftKey(ticket.id, event)]
      if (wanted === after.id) detail.value = after
      tickets.apply([after])
      await refresh()
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) await refresh()
      throw error
    } finally {
      acting.value = false
    }
  }

  /** Hands the ticket on inside one's own unit; the refusal is thrown. */
  async function holdInside(ask: { user_id?: number; office?: string }): Promise<void> {
    const ticket = detail.value
    if (ticket === null) return
    const after = await api.holdInside(ticket.id, ask)
    if (wanted === after.id) detail.value = after
    await refresh()
  }

  return { detail, timeline, failure, acting, drafts, show, refresh, act, holdInside }
})

export function draftKey(ticketId: number, event: string): string {
  return `${String(ticketId)}:${event}`
}

function isGiven(value: DraftValue): boolean {
  return value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
}
