/** Rows that a table reads once when it appears; a refusal is told instead of them. */
import { onMounted, ref, shallowRef } from 'vue'

import { useRefusalText } from '@/i18n/refusal'

export function useFetched<Row>(read: () => Promise<{ items: Row[] }>) {
  const refusalText = useRefusalText()
  const rows = shallowRef<Row[]>([])
  const complaints = ref<string[]>([])
  const isRead = ref(false)

  async function load(): Promise<void> {
    try {
      rows.value = (await read()).items
      complaints.value = []
    } catch (error) {
      complaints.value = refusalText(error)
    } finally {
      isRead.value = true
    }
  }

  onMounted(load)
  return { rows, complaints, isRead, load }
}
