/** How far a clock has run. Pure: the time comes in as milliseconds. */

type Phase = 'calm' | 'near' | 'over'

interface Countdown {
  /** The used part of the limit, 0 to 1. */
  fraction: number
  phase: Phase
  /** Seconds to the due time; negative when it has passed. */
  remaining_s: number
}

/** From here on the lamp is yellow and the handler is reminded. */
const NEAR = 0.8

/** The state of a clock that started at `started_ms` and is due at `due_ms`. */
export function countdown(now_ms: number, started_ms: number, due_ms: number): Countdown {
  const remaining_s = Math.ceil((due_ms - now_ms) / 1000)
  if (now_ms >= due_ms) return { fraction: 1, phase: 'over', remaining_s }
  const whole_ms = due_ms - started_ms
  const fraction = whole_ms <= 0 ? 0 : Math.max(0, Math.min(1, (now_ms - started_ms) / whole_ms))
  return { fraction, phase: fraction >= NEAR ? 'near' : 'calm', remaining_s }
}

export interface Span {
  days: number
  /** `hh:mm` where days stand before it, else `h:mm:ss` or `mm:ss`. */
  clock: string
}

/** A length of time for a reader: days and hours far off, seconds when it is close. */
export function span(seconds: number): Span {
  const whole = Math.abs(Math.trunc(seconds))
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor((whole % 86_400) / 3_600)
  const minutes = Math.floor((whole % 3_600) / 60)
  if (days > 0) return { days, clock: `${two(hours)}:${two(minutes)}` }
  if (hours > 0) return { days: 0, clock: `${String(hours)}:${two(minutes)}:${two(whole % 60)}` }
  return { days: 0, clock: `${two(minutes)}:${two(whole % 60)}` }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
