/** Server-sent events as text in, messages out; heart-beats (comments) are reported too, which EventSource hides. */

interface SentEvent {
  id: string | null
  event: string
  data: string
}

interface SseTaken {
  events: SentEvent[]
  /** Texts of comments: the server's sign of life when nothing happens, and where its stream stands. */
  comments: string[]
}

/** Keeps the unfinished rest between chunks; `take` returns what has become complete. */
export class SseParser {
  #rest = ''
  #id: string | null = null
  #event = ''
  #data: string[] = []

  take(chunk: string): SseTaken {
    const taken: SseTaken = { events: [], comments: [] }
    const text = this.#rest + chunk
    // A carriage return at the very end may be half of a line end: wait for what follows.
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#takeLine(line, taken)
    return taken
  }

  #takeLine(line: string, taken: SseTaken): void {
    if (line === '') {
      if (this.#data.length > 0) {
        taken.events.push({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') })
      }
      this.#event = ''
      this.#data = []
      return
    }
    if (line.startsWith(':')) {
      taken.comments.push(line.slice(1).trim())
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
  }
}
