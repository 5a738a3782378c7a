/** What somebody sends off: one thing at a time, and what was refused in words. */
import { type Ref, ref } from 'vue'

import { useRefusalText } from '@/i18n/refusal'

/** `complaints` may be those of what is acted on, which then are told in one place. */
export function useAttempt(complaints: Ref<string[]> = ref([])) {
  const refusalText = useRefusalText()
  const isBusy = ref(false)

  /** Does nothing while another attempt is under way. `refused` comes after the words of the refusal stand there. */
  async function attempt(what: () => Promise<unknown>, refused?: (error: unknown) => unknown): Promise<void> {
    if (isBusy.value) return
    isBusy.value = true
    complaints.value = []
    try {
      await what()
    } catch (error) {
      complaints.value = refusalText(error)
      await refused?.(error)
    } finally {
      isBusy.value = false
    }
  }

  return { complaints, isBusy, attempt }
}
