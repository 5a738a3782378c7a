/** A list of which one thing is opened, and what the caller is about to do with it. */
import { ref, shallowRef } from 'vue'

import { useFetched } from './fetched'
import { useLatest } from './latest'

export function useList<Row, Detail>(list: () => Promise<{ items: Row[] }>, read: (id: number) => Promise<Detail>) {
  const { rows, complaints, isRead, load } = useFetched<Row>(list)
  const opened = shallowRef<Detail | null>(null)
  /** The event whose form is open; none after another thing was opened. */
  const asking = ref<string | null>(null)

  const show = useLatest(complaints, read, (found) => { opened.value = found })

  function open(id: number): Promise<void> {
    asking.value = null
    return show(id)
  }

  /** Shows what became of the opened thing. */
  async function done(shown: Detail): Promise<void> {
    opened.value = shown
    asking.value = null
    await load()
  }

  return { rows, complaints, isRead, load, opened, asking, open, done }
}
