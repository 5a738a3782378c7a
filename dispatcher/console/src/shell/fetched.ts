/** Rows that a table reads once when it appears; a refusal is told instead of them. */
import { onMounted, ref, shallowRef } from 'vue'

import { useLatest } from './latest'

export function useFetched<Row>(list: () => Promise<{ items: Row[] }>) {
  const rows = shallowRef<Row[]>([])
  const complaints = ref<string[]>([])
  const isRead = ref(false)

  const read = useLatest(complaints, list, (found) => { rows.value = found.items })

  async function load(): Promise<void> {
    await read()
    isRead.value = true
  }

  onMounted(load)
  return { rows, complaints, isRead, load }
}
