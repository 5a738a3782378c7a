/** How fresh the screen is: the state of the live connection, the age of its last sign of life, what was counted. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '@/api/client'
import type { Conservation } from '@/api/model'

import { useClock } from './clock'

/** Two heart-beats missed: what is on the screen may be old. */
const GREY_S = 10
/** Now it must be said aloud. */
const BANNER_S = 30

type LinkLevel = 'fresh' | 'stale' | 'lost'

export const useLink = defineStore('link', () => {
  const clock = useClock()
  const connected = ref(false)
  const lastBeat_ms = ref(Date.now())
  const lostSince_ms = ref<number | null>(null)
  const conservation = ref<Conservation | null>(null)

  const age_s = computed(() => Math.max(0, Math.floor((clock.tick_ms - lastBeat_ms.value) / 1000)))
  const level = computed<LinkLevel>(() => (age_s.value > BANNER_S ? 'lost' : age_s.value > GREY_S ? 'stale' : 'fresh'))

  function opened(): void {
    connected.value = true
    lostSince_ms.value = null
    beat()
  }

  function beat(): void {
    lastBeat_ms.value = Date.now()
  }

  function lost(): void {
    connected.value = false
    lostSince_ms.value ??= Date.now()
  }

  async function loadConservation(): Promise<void> {
    conservation.value = await api.conservation()
  }

  return { connected, lastBeat_ms, lostSince_ms, conservation, age_s, level, opened, beat, lost, loadConservation }
})
