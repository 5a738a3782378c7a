/** Gathers what arrives between two paints and hands it over once a frame, so that a storm costs one render. */

/** The longest wait: a hidden page gets no frames, but must not pile up what it missed. */
const LONGEST_MS = 500

export class FrameQueue<Item> {
  #items: Item[] = []
  #cancel: (() => void) | null = null
  readonly #drain: (items: Item[]) => void

  constructor(drain: (items: Item[]) => void) {
    this.#drain = drain
  }

  push(item: Item): void {
    this.#items.push(item)
    if (this.#cancel !== null) return
    const frame = requestAnimationFrame(this.flush)
    const timer = setTimeout(this.flush, LONGEST_MS)
    this.#cancel = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }

  readonly flush = (): void => {
    this.#cancel?.()
    this.#cancel = null
    const items = this.#items
    this.#items = []
    if (items.length > 0) this.#drain(items)
  }
}
