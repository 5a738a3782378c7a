/** Master data that names what tickets refer to: areas, organisations, kinds of events. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { Area, EventKind, Organisation } from '@/api/model'

export const useRegistry = defineStore('registry', () => {
  const areas = shallowRef<Area[]>([])
  const organisations = shallowRef<Organisation[]>([])
  const kinds = shallowRef<EventKind[]>([])
  const areaById = computed(() => new Map(areas.value.map((area) => [area.id, area])))
  const organisationById = computed(() => new Map(organisations.value.map((unit) => [unit.id, unit])))
  const kindById = computed(() => new Map(kinds.value.map((kind) => [kind.id, kind])))

  async function load(): Promise<void> {
    const [areaList, organisationList, kindList] = await Promise.all([api.areas(), api.organisations(), api.eventKinds()])
    areas.value = areaList.items
    organisations.value = organisationList.items
    kinds.value = kindList.items
  }

  return { areas, organisations, kinds, areaById, organisationById, kindById, load }
})
