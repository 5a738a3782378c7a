/** The time in which the rules live: the real one, or the simulated one of an exercise, which moves only in steps. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '@/api/client'
import type { ClockReading } from '@/api/model'

export const useClock = defineStore('clock', () => {
  const reading = ref<ClockReading | null>(null)
  /** What the server's clock is ahead of this machine's. */
  const offset_ms = ref(0)
  /** Moves once a second; everything on the screen that counts hangs on it. */
  const tick_ms = ref(Date.now())
  const simulated = computed(() => reading.value?.simulated ?? false)
  const isExercise = computed(() => reading.value?.mode === 'exercise')

  const now_ms = computed(() =>
    reading.value?.simulated === true ? Date.parse(reading.value.now) : tick_ms.value + offset_ms.value,
  )

  async function load(): Promise<void> {
    const asked_ms = Date.now()
    const answer = await api.clock()
    const answered_ms = Date.now()
    reading.value = answer
    // Half of the way there and back is the best guess of how old the answer is.
    offset_ms.value = Date.parse(answer.now) - (asked_ms + answered_ms) / 2
    tick_ms.value = answered_ms
  }

  function tick(): void {
    tick_ms.value = Date.now()
  }

  return { reading, tick_ms, now_ms, simulated, isExercise, load, tick }
})
