/** A key pressed anywhere on the desk that wishes an action of the open ticket; the action bar knows whether it may. */
import { onBeforeUnmount, onMounted } from 'vue'

export type Wish = 'accept' | 'dispatch' | 'note'

const listeners = new Set<(wish: Wish) => void>()

export function wish(what: Wish): void {
  for (const listener of listeners) listener(what)
}

/** Listens while the component lives. */
export function onWish(listener: (wish: Wish) => void): void {
  onMounted(() => { listeners.add(listener) })
  onBeforeUnmount(() => { listeners.delete(listener) })
}
