/** A place that a finding or a proposal speaks of, and what its numbers say in words. Pure. */

export interface Spot {
  area_id: string | null
  lon: number | null
  lat: number | null
  radius_m: number
}

/** The numbers of a finding, also as a proposal's reason holds them. */
export interface Measured {
  detector: string
  from_at: string
  to_at: string
  observed: number
  expected: number | null
  p_value: number | null
}

/** Reads a proposal's reason, which the server keeps as it was found; null where a person gave no numbers. */
export function measured(reason: Record<string, unknown>): Measured | null {
  const { detector, from_at, to_at, observed, expected, p_value } = reason
  if (typeof detector !== 'string' || typeof from_at !== 'string' || typeof to_at !== 'string' || typeof observed !== 'number') return null
  return { detector, from_at, to_at, observed, expected: numberOr(expected), p_value: numberOr(p_value) }
}

/** The tickets that a proposal's reason names. */
export function ticketsBehind(reason: Record<string, unknown>): number[] {
  const { tickets } = reason
  return Array.isArray(tickets) ? tickets.filter((id): id is number => typeof id === 'number') : []
}

/** How many times what was expected; null where nothing was. */
export function ratio({ observed, expected }: { observed: number; expected: number | null }): number | null {
  return expected === null || expected <= 0 ? null : observed / expected
}

function numberOr(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
