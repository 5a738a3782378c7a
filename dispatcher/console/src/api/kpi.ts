/** Requests of the page on indicators (Art. 4). */
import { request } from './client'
import type { components } from './schema'

type Schemas = components['schemas']

export type KpiFigures = Schemas['KpiFigures']
export type KpiFigure = Schemas['KpiFigure']
export type KpiIndicator = Schemas['KpiIndicator']
export type FactBehind = Schemas['FactBehind']
export type LocalArea = Schemas['LocalArea']
export type Dimension = Schemas['Dimension']

/** Days of China; `until` is the day behind the last one. */
export interface Span {
  since: string
  until: string
}

const query = (told: Record<string, string>) => new URLSearchParams(told).toString()

export const kpi = {
  figures: (span: Span, groupBy: Dimension, indicators?: string) =>
    request<KpiFigures>('GET', `/kpi?${query({ ...span, group_by: groupBy, ...(indicators === undefined ? {} : { indicators }) })}`),
  trend: (span: Span, indicator: string, groupBy: Dimension) =>
    request<KpiFigures>('GET', `/kpi?${query({ ...span, period: 'day', indicators: indicator, group_by: groupBy })}`),
  behind: (span: Span, indicator: string, narrowed: Record<string, string>) =>
    request<{ items: FactBehind[]; next: string | null }>('GET', `/kpi/${indicator}/tickets?${query({ ...span, ...narrowed, limit: '50' })}`),
  localAreas: () => request<{ items: LocalArea[] }>('GET', '/local-areas'),
}
