/** The devices in the user's area and whether they are connected. */
import { defineStore } from 'pinia'
import { computed, shallowRef, triggerRef } from 'vue'

import { api } from '@/api/client'
import type { Device } from '@/api/model'

export interface PresenceNews {
  device_id: number
  online: boolean
  at: string
}

export const useDevices = defineStore('devices', () => {
  const rows = shallowRef(new Map<number, Device>())
  const all = computed(() => [...rows.value.values()])
  const enabledCount = computed(() => all.value.filter((device) => device.enabled).length)
  const onlineCount = computed(() => all.value.filter((device) => device.enabled && device.online).length)

  async function load(): Promise<void> {
    const fresh = new Map<number, Device>()
    await api.devices((page) => {
      for (const device of page) fresh.set(device.id, device)
    })
    rows.value = fresh
  }

  function apply(news: readonly PresenceNews[]): void {
    for (const { device_id, online, at } of news) {
      const device = rows.value.get(device_id)
      if (device !== undefined) rows.value.set(device_id, { ...device, online, last_seen_at: at })
    }
    triggerRef(rows)
  }

  function clear(): void {
    rows.value = new Map()
  }

  return { rows, all, enabledCount, onlineCount, load, apply, clear }
})
