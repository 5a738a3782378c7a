/** Requests of the accountability page: files, breaches, petitions (Art. 50), emergency calls and reports upward. */
import { request } from './client'
import type { components } from './schema'
import type { Act, Page } from './shapes'

type Schemas = components['schemas']

export type AccountabilityFile = Schemas['AccountabilityFile']
export type AccountabilityDetail = Schemas['AccountabilityDetail']
export type BreachLine = Schemas['BreachLine']
export type Petition = Schemas['Petition']
export type PetitionDetail = Schemas['PetitionDetail']
export type NewPetition = Schemas['NewPetition']
export type Handover = Schemas['Handover']
export type HandoverDetail = Schemas['HandoverDetail']
export type UpwardReport = Schemas['UpwardReport']
export type UpwardDetail = Schemas['UpwardDetail']
export type Organ = Schemas['Organ']

const at = (path: string, id: number) => `/${path}/${String(id)}`

export const accountability = {
  files: () => request<Page<AccountabilityFile>>('GET', '/accountability-files?limit=200'),
  file: (id: number) => request<AccountabilityDetail>('GET', at('accountability-files', id)),
  actOnFile: (id: number, event: string, act: Act) =>
    request<AccountabilityDetail>('POST', `${at('accountability-files', id)}/actions/${event}`, act),
  openFile: (breachId: number, reason: string) =>
    request<AccountabilityDetail>('POST', '/accountability-files', { breach_id: breachId, reason }),
  organs: () => request<{ items: Organ[] }>('GET', '/competent-organs'),
  breaches: () => request<Page<BreachLine>>('GET', '/breaches?limit=200'),
  petitions: () => request<Page<Petition>>('GET', '/petitions?limit=200'),
  receivePetition: (said: NewPetition) => request<PetitionDetail>('POST', '/petitions', said),
  petition: (id: number) => request<PetitionDetail>('GET', at('petitions', id)),
  actOnPetition: (id: number, event: string, act: Act) =>
    request<PetitionDetail>('POST', `${at('petitions', id)}/actions/${event}`, act),
  calls: () => request<Page<Handover>>('GET', '/emergency-handovers?limit=200'),
  call: (id: number) => request<HandoverDetail>('GET', at('emergency-handovers', id)),
  /** What a service said on the telephone; the action is the state that it named. */
  enterAnswer: (id: number, state: string, act: Act) =>
    request<HandoverDetail>('POST', `${at('emergency-handovers', id)}/answers`, { version: act.version, state, ...act.fields }),
  reports: () => request<Page<UpwardReport>>('GET', '/upward-reports?limit=200'),
  report: (id: number) => request<UpwardDetail>('GET', at('upward-reports', id)),
  actOnReport: (id: number, event: string, act: Act) =>
    request<UpwardDetail>('POST', `${at('upward-reports', id)}/actions/${event}`, act),
}

/** Where the browser downloads the bundle of a file from. */
export function bundleUrl(id: number): string {
  return `/api/v1${at('accountability-files', id)}/export`
}
