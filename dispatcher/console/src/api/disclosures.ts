/** Requests of the disclosure desk: the queue, a draft with its redaction and preview, actions (Art. 44). */
import { request } from './client'
import type { components } from './schema'
import type { Act, Page } from './shapes'

type Schemas = components['schemas']

export type Disclosure = Schemas['Disclosure']
export type DisclosureDetail = Schemas['DisclosureDetail']
export type DisclosureState = Schemas['DisclosureState']
export type DisclosureLevel = Schemas['DisclosureLevel']
export type NeverReason = Schemas['NeverReason']

const PUBLIC = '/public'

/** What narrows the queue: a state, or that the platform proposed to take back what residents still read. */
function narrowed(chosen: DisclosureState | 'all' | 'proposed'): string {
  if (chosen === 'all') return ''
  return chosen === 'proposed' ? '&withdrawal_proposed=true' : `&state=${chosen}`
}

export const disclosures = {
  list: (chosen: DisclosureState | 'all' | 'proposed') =>
    request<Page<Disclosure>>('GET', `/disclosures?limit=200${narrowed(chosen)}`),
  read: (id: number) => request<DisclosureDetail>('GET', `/disclosures/${String(id)}`),
  act: (id: number, event: string, act: Act) =>
    request<DisclosureDetail>('POST', `/disclosures/${String(id)}/actions/${event}`, act),
  publicPage: (id: number) => `${PUBLIC}/disclosures/${String(id)}`,
}
