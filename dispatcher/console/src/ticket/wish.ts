/** A key pressed anywhere on the desk that wishes an action of the open ticket; the action bar knows whether it may. */
import { onBeforeUnmount, onMounted } from 'vue'

export type Wish = 'accept' | 'dispatch' | 'note'

const listeners = new Set<(wish: Wish) => void>()

export function wish(what: Wish): void {
  for (const listener of listeners) listener(what)
}

const eventListeners = new Set<(event: string) => void>()

/** Asks the action bar to open the form of an action. */
export function wishEvent(event: string): void {
  for (const listener of eventListeners) listener(event)
}

/** Listens while the component lives. */
export function onWishedEvent(listener: (event: string) => void): void {
  onMounted(() => { eventListeners.add(listener) })
  onBeforeUnmount(() => { eventListeners.delete(listener) })
}

/** Listens while the component lives. */
export function onWish(listener: (wish: Wish) => void): void {
  onMounted(() => { listeners.add(listener) })
  onBeforeUnmount(() => { listeners.delete(listener) })
}
