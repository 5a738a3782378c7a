/** A reading that may be asked for again before it has ended: only what was asked for last is taken in or told as refused. */
import type { Ref } from 'vue'

import { useRefusalText } from '@/i18n/refusal'

/** What was refused stands in `complaints` until a reading succeeds; what others say there is left alone. */
export function useLatest<Asked extends unknown[], Found>(
  complaints: Ref<string[]>,
  read: (...asked: Asked) => Promise<Found>,
  take: (found: Found, ...asked: Asked) => void,
): (...asked: Asked) => Promise<void> {
  const refusalText = useRefusalText()
  let asked = 0
  let said: string[] = []

  function say(words: string[]): void {
    complaints.value = [...complaints.value.filter((line) => ![...said, ...words].includes(line)), ...words]
    said = words
  }

  return async (...what) => {
    asked += 1
    const mine = asked
    try {
      const found = await read(...what)
      if (mine !== asked) return
      say([])
      take(found, ...what)
    } catch (error) {
      if (mine === asked) say(refusalText(error))
    }
  }
}
