/** Times as the desk reads and types them: always Asia/Shanghai, 24 hours, whatever the machine's zone is. */

export const ZONE = 'Asia/Shanghai'
/** China keeps one zone without summer time. */
export const ZONE_OFFSET_MS = 8 * 3_600_000
export const DAY_MS = 86_400_000

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

interface Wall {
  date: string
  time: string
}

function wall(at: string | number): Wall {
  const found: Record<string, string> = {}
  for (const part of parts.formatToParts(new Date(at))) found[part.type] = part.value
  const { year = '', month = '', day = '', hour = '', minute = '', second = '' } = found
  return { date: `${year}-${month}-${day}`, time: `${hour}:${minute}:${second}` }
}

/** `20:15:09` */
export function timeOfDay(at: string | number): string {
  return wall(at).time
}

/** `2026-11-22 20:15:09` */
export function dateAndTime(at: string | number): string {
  const { date, time } = wall(at)
  return `${date} ${time}`
}

/** `2026-11-22` */
export function dateOf(at: string | number): string {
  return wall(at).date
}

/** What `<input type="datetime-local">` says, on China's clock. */
export function onChinasClock(typed: string): string {
  return `${typed}:00+08:00`
}

/** The time alone on the day of `now_ms`, else with month and day: `11-23 08:00:00`. */
export function nearTime(at: string, now_ms: number): string {
  const { date, time } = wall(at)
  return date === wall(now_ms).date ? time : `${date.slice(5)} ${time}`
}
