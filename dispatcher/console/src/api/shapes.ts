/** What many requests have in common: a page of rows, and an act on a thing that others may have changed meanwhile. */

export interface Page<Row> {
  items: Row[]
  next: string | null
}

export interface Act {
  version: number
  reason?: string
  fields: Record<string, unknown>
}

/** An act on the thing as it was shown; a reason that nobody gave is none. */
export function actOn(shown: { version: number }, fields: Record<string, unknown>, reason: string): Act {
  return { version: shown.version, fields, ...(reason.trim() === '' ? {} : { reason }) }
}
