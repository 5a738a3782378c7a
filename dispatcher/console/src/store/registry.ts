/** Master data that names what tickets refer to: areas and organisations. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

import { api } from '@/api/client'
import type { Area, Organisation } from '@/api/model'

export const useRegistry = defineStore('registry', () => {
  const areas = shallowRef<Area[]>([])
  const organisations = shallowRef<Organisation[]>([])
  const areaById = computed(() => new Map(areas.value.map((area) => [area.id, area])))
  const organisationById = computed(() => new Map(organisations.value.map((unit) => [unit.id, unit])))

  async function load(): Promise<void> {
    const [areaList, organisationList] = await Promise.all([api.areas(), api.organisations()])
    areas.value = areaList.items
    organisations.value = organisationList.items
  }

  return { areas, organisations, areaById, organisationById, load }
})
