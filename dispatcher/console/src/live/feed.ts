/**
 * The live feed: one connection to the stream, resumed after the last position seen, with back-off.
 * It knows no noun of the domain; `route.ts` gives its items to the stores.
 */
import { openStream } from '@/api/client'
import type { StreamItem } from '@/api/model'
import { Refusal } from '@/api/problem'

import { FrameQueue } from './frame'
import { SseParser } from './sse'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000
/** Three heart-beats missed: the connection is dead even if nobody closed it. */
const SILENT_MS = 16_000

interface FeedListener {
  /** The stream stands; `resumed` says whether it continues where we were, or what was before must be read anew. */
  opened(resumed: boolean): void
  /** Something came, if only a heart-beat. */
  beat(): void
  items(items: StreamItem[]): void
  /** The connection is lost; the next attempt follows after `pause_ms`. */
  lost(pause_ms: number): void
}

export class LiveFeed {
  #lastSeq: number | null = null
  #abort: AbortController | null = null
  #failures = 0
  readonly #listener: FeedListener
  readonly #frames: FrameQueue<StreamItem>

  constructor(listener: FeedListener) {
    this.#listener = listener
    this.#frames = new FrameQueue((items) => {
      listener.items(items)
    })
  }

  get lastSeq(): number | null {
    return this.#lastSeq
  }

  /** Runs until `stop`; the promise resolves then. */
  async run(): Promise<void> {
    const stopped = new AbortController()
    this.#abort = stopped
    while (!stopped.signal.aborted) {
      try {
        await this.#follow(stopped.signal)
      } catch (error) {
        if (stopped.signal.aborted) return
        // Without a session there is nothing to follow; the client has reported it.
        if (error instanceof Refusal && error.code === 'unauthenticated') return
      }
      const pause_ms = pauseAfter(this.#failures, Math.random())
      this.#failures += 1
      this.#listener.lost(pause_ms)
      await pause(pause_ms, stopped.signal)
    }
  }

  stop(): void {
    this.#abort?.abort()
    this.#frames.flush()
  }

  async #follow(stop: AbortSignal): Promise<void> {
    const silence = new AbortController()
    let timer = setTimeout(() => { silence.abort() }, SILENT_MS)
    try {
      const response = await openStream(this.#lastSeq, AbortSignal.any([stop, silence.signal]))
      if (response.body === null) return
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      const parser = new SseParser()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        clearTimeout(timer)
        timer = setTimeout(() => { silence.abort() }, SILENT_MS)
        this.#failures = 0
        this.#listener.beat()
        const taken = parser.take(value)
        for (const comment of taken.comments) this.#stand(comment)
        for (const sent of taken.events) this.#accept(sent.data)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** The server says first where its stream stands: a lower position than ours comes from another database. */
  #stand(comment: string): void {
    const [, digits] = /^position (\d+)$/.exec(comment) ?? []
    if (digits === undefined) return
    const position = Number(digits)
    const resumed = this.#lastSeq !== null && this.#lastSeq <= position
    if (!resumed) this.#lastSeq = position
    this.#listener.opened(resumed)
  }

  #accept(text: string): void {
    const item = JSON.parse(text) as StreamItem
    // A replay may overlap what came before the break: positions only grow.
    if (this.#lastSeq !== null && item.seq <= this.#lastSeq) return
    this.#lastSeq = item.seq
    this.#frames.push(item)
  }
}

/** Exponential back-off with full jitter in the upper half; `chance` is in [0, 1). */
export function pauseAfter(failures: number, chance: number): number {
  const ceiling_ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures)
  return Math.round(ceiling_ms / 2 + (ceiling_ms / 2) * chance)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}
