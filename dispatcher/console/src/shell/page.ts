/** What a page beside the desk does: names are read when it opens, it is read anew on demand, and it leads back to the desk. */
import { computed, onMounted, type Ref, ref } from 'vue'
import { useRouter } from 'vue-router'

import { useRegistry } from '@/store/registry'

import { useLatest } from './latest'

interface Reads {
  /** What it needs beside the names, as the time of an exercise. */
  beside?: () => Promise<unknown>
  /** What it reads by itself when it opens, and the page only anew. */
  own?: { complaints: Ref<string[]>; load: () => Promise<void> }
}

export function usePage({ beside, own }: Reads = {}) {
  const router = useRouter()
  const registry = useRegistry()
  /** Part of the keys of the panes: they begin anew with each turn. */
  const turn = ref(0)
  const unnamed = ref<string[]>([])
  /** One reason may hold back both readings, and is told once. */
  const complaints = computed(() => [...new Set([...unnamed.value, ...(own?.complaints.value ?? [])])])

  const readNames = useLatest(unnamed, () => Promise.all([registry.load(), beside?.()]), () => undefined)

  function leave(): void {
    void router.push({ name: 'desk' })
  }

  function reload(): void {
    turn.value += 1
    void readNames()
    void own?.load()
  }

  onMounted(readNames)
  return { turn, complaints, leave, reload }
}
