/** Requests of the page on what happens too often and where (源头治理). */
import type { TicketDetail } from './model'
import { request } from './client'
import type { components } from './schema'
import type { Page } from './shapes'

type Schemas = components['schemas']

export type Count = Schemas['Count']
export type Detector = Schemas['Detector']
export type HotSpots = Schemas['HotSpots']
export type Proposal = Schemas['Proposal']
export type RateFinding = Schemas['Finding']

export interface Narrowed {
  kind: string
  area: string
  detector: string
}

function query(told: Record<string, string>): string {
  return new URLSearchParams(Object.entries(told).filter(([, value]) => value !== '')).toString()
}

export const rates = {
  hotSpots: (days: number, { kind, area }: Narrowed) =>
    request<HotSpots>('GET', `/hot-spots?${query({ days: String(days), kind, area })}`),
  findings: (narrowed: Narrowed, cursor: string) =>
    request<Page<RateFinding>>('GET', `/rates/findings?${query({ ...narrowed, cursor, limit: '100' })}`),
  proposals: ({ kind, area }: Narrowed) => request<Page<Proposal>>('GET', `/rates/proposals?${query({ kind, area, limit: '200' })}`),
  counts: (kind: string, area: string) => request<{ items: Count[] }>('GET', `/rates/counts?${query({ kind, area, limit: '2000' })}`),
  accept: (id: number, level: number, reason: string) =>
    request<TicketDetail>('POST', `/rates/proposals/${String(id)}/tickets`, { level, reason }),
  decline: (id: number, reason: string) => request<null>('POST', `/rates/proposals/${String(id)}/refusal`, { reason }),
}
