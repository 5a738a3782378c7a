/** Requests of screening: the hazard register, inspection rounds, what stands near an incident (Art. 25). */
import { request } from './client'
import type { components } from './schema'
import type { Page } from './shapes'

type Schemas = components['schemas']

export type Hazard = Schemas['Hazard']
export type HazardDetail = Schemas['HazardDetail']
export type HazardExplanation = Schemas['HazardExplanation']
export type HazardKinds = Schemas['HazardKinds']
export type NearbyHazard = Schemas['NearbyHazard']
export type NewHazard = Schemas['NewHazard']
export type FactorsAsk = Schemas['FactorsAsk']
export type Inspection = Schemas['Inspection']
export type InspectionDetail = Schemas['InspectionDetail']
export type NewFinding = Schemas['NewFinding']

export interface HazardAsk {
  version: number
  reason?: string
  evidence?: string
  accepted_by?: string
  days?: number
}

export const hazards = {
  kinds: () => request<HazardKinds>('GET', '/hazard-kinds'),
  list: (ticket: number | null) =>
    request<Page<Hazard>>('GET', `/hazards?limit=200${ticket === null ? '' : `&ticket=${String(ticket)}`}`),
  read: (id: number) => request<HazardDetail>('GET', `/hazards/${String(id)}`),
  explain: (id: number) => request<HazardExplanation>('GET', `/hazards/${String(id)}/explanation`),
  register: (ask: NewHazard) => request<HazardDetail>('POST', '/hazards', ask),
  act: (id: number, event: string, ask: HazardAsk) =>
    request<HazardDetail>('POST', `/hazards/${String(id)}/actions/${event}`, ask),
  rounds: () => request<Page<Inspection>>('GET', '/inspections?limit=200&state=due'),
  round: (id: number) => request<InspectionDetail>('GET', `/inspections/${String(id)}`),
  find: (id: number, ask: NewFinding) => request<InspectionDetail>('POST', `/inspections/${String(id)}/findings`, ask),
  report: (id: number, version: number) =>
    request<InspectionDetail>('POST', `/inspections/${String(id)}/report`, { version }),
}
