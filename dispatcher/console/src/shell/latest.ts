/** A reading that may be asked for again before it has ended: only what was asked for last is taken in or told as refused. */
import type { Ref } from 'vue'

import { useRefusalText } from '@/i18n/refusal'

/** What was refused stands in `complaints` until a reading succeeds. */
export function useLatest<Asked extends unknown[], Found>(
  complaints: Ref<string[]>,
  read: (...asked: Asked) => Promise<Found>,
  take: (found: Found, ...asked: Asked) => void,
): (...asked: Asked) => Promise<void> {
  const refusalText = useRefusalText()
  let asked = 0

  return async (...what) => {
    asked += 1
    const mine = asked
    try {
      const found = await read(...what)
      if (mine !== asked) return
      complaints.value = []
      take(found, ...what)
    } catch (error) {
      if (mine === asked) complaints.value = refusalText(error)
    }
  }
}
