/** Keys of the desk: single letters that never fire while somebody types, and can be switched off. */
import { onBeforeUnmount, onMounted } from 'vue'

import { usePreferences } from '@/store/preferences'

type KeyMap = Readonly<Record<string, () => void>>

/** Listens while the component lives. `Escape` works always, also with single keys off and while typing. */
export function useKeys(keys: KeyMap): void {
  const preferences = usePreferences()

  function take(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const action = keys[event.key]
    if (action === undefined) return
    if (event.key !== 'Escape') {
      if (!preferences.singleKeys || isTyping(event.target)) return
      if (event.key === 'Enter' && isControl(event.target)) return
    }
    event.preventDefault()
    action()
  }

  onMounted(() => { window.addEventListener('keydown', take) })
  onBeforeUnmount(() => { window.removeEventListener('keydown', take) })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role="combobox"]') !== null)
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, [role="button"], summary') !== null
}
