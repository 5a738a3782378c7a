/** The open incidents that have no ticket (yet), and the counts of all of them. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'

import { api } from '@/api/client'
import type { Incident, IncidentSummary } from '@/api/model'

export const useIncidents = defineStore('incidents', () => {
  const rows = shallowRef(new Map<number, Incident>())
  const summary = ref<IncidentSummary | null>(null)

  /** What the map draws beside the tickets: an incident with a ticket is shown by its ticket. */
  const withoutTicket = computed(() =>
    [...rows.value.values()].filter((incident) => incident.ticket_id === null && incident.status === 'open'),
  )

  async function load(): Promise<void> {
    const fresh = new Map<number, Incident>()
    await api.openIncidents((page) => {
      for (const incident of page) fresh.set(incident.id, incident)
    })
    rows.value = fresh
  }

  async function loadSummary(): Promise<void> {
    summary.value = await api.incidentSummary()
  }

  function apply(changed: readonly Incident[]): void {
    for (const incident of changed) {
      if (incident.status === 'open') rows.value.set(incident.id, incident)
      else rows.value.delete(incident.id)
    }
    triggerRef(rows)
  }

  function clear(): void {
    rows.value = new Map()
    summary.value = null
  }

  return { rows, summary, withoutTicket, load, loadSummary, apply, clear }
})
