/** What every page of tabs does: names are read when it opens, it is read anew on demand, and it leads back to the desk. */
import { onMounted, ref } from 'vue'
import { useRouter } from 'vue-router'

import { useRefusalText } from '@/i18n/refusal'
import { useRegistry } from '@/store/registry'

export function usePage() {
  const router = useRouter()
  const registry = useRegistry()
  const refusalText = useRefusalText()
  /** Part of the keys of the panes: they begin anew with each turn. */
  const turn = ref(0)
  const complaints = ref<string[]>([])

  function leave(): void {
    void router.push({ name: 'desk' })
  }

  async function loadNames(): Promise<void> {
    try {
      await registry.load()
      complaints.value = []
    } catch (error) {
      complaints.value = refusalText(error)
    }
  }

  function reload(): void {
    turn.value += 1
    void loadNames()
  }

  onMounted(loadNames)
  return { turn, complaints, leave, reload }
}
