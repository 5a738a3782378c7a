/** The week as the grid shows it: its days on China's clock, and where a stretch lies in it. Pure. */
import type { Stretch } from '@/api/rosters'
import { DAY_MS, ZONE_OFFSET_MS } from '@/i18n/time'

export const DAYS = 7

/** Midnight of the Monday of the week that `at_ms` lies in. */
export function mondayOf(at_ms: number): number {
  const day = Math.floor((at_ms + ZONE_OFFSET_MS) / DAY_MS)
  // 1 January 1970 was a Thursday.
  const sinceMonday = (day + 3) % DAYS
  return (day - sinceMonday) * DAY_MS - ZONE_OFFSET_MS
}

export function weekFrom(monday_ms: number): number[] {
  return Array.from({ length: DAYS }, (_, day) => monday_ms + day * DAY_MS)
}

export function iso(at_ms: number): string {
  return new Date(at_ms).toISOString()
}

/** Left edge and width of a stretch in percent of the week. */
export function placed(stretch: Stretch, monday_ms: number): { left: string; width: string } {
  const week_ms = DAYS * DAY_MS
  const left = ((Date.parse(stretch.from_at) - monday_ms) / week_ms) * 100
  const width = ((Date.parse(stretch.until_at) - Date.parse(stretch.from_at)) / week_ms) * 100
  return { left: `${left.toFixed(3)}%`, width: `${width.toFixed(3)}%` }
}
