/** What officers make of incidents: split and merge them, set their grade, say what they found. */
import type { IncidentExplanation } from './model'
import { request } from './client'
import type { components } from './schema'

type Schemas = components['schemas']

export type OverlayView = Schemas['OverlayView']
export type ReshapeAccepted = Schemas['ReshapeAccepted']
export type Verdict = Schemas['Verdict']

const at = (id: number) => `/incidents/${String(id)}`

export const incidents = {
  split: (id: number, ask: Schemas['Split']) => request<ReshapeAccepted>('POST', `${at(id)}/split`, ask),
  merge: (id: number, ask: Schemas['Merge']) => request<ReshapeAccepted>('POST', `${at(id)}/merge`, ask),
  setGrade: (id: number, ask: Schemas['SetGrade']) => request<IncidentExplanation>('POST', `${at(id)}/grade`, ask),
  judge: (id: number, ask: Schemas['Judge']) => request<IncidentExplanation>('POST', `${at(id)}/judgements`, ask),
}
