/** Requests of the admission desk: offers, the gate, receipts, cases, lists and loads (Art. 45). */
import { request } from './client'
import type { components } from './schema'
import type { Act, Page } from './shapes'

type Schemas = components['schemas']

export type Offer = Schemas['Offer']
export type OfferDetail = Schemas['OfferDetail']
export type Receipt = Schemas['Receipt']
export type CorrectionCase = Schemas['CorrectionCase']
export type CorrectionCaseDetail = Schemas['CorrectionCaseDetail']
export type ListItem = Schemas['ListItem']
export type Load = Schemas['Load']
export type Judgement = Schemas['Judgement']
export type WishAsk = Schemas['WishAsk']
export type PackageAsk = Schemas['PackageAsk']
export type RecordLine = Schemas['RecordLine']

/** What is acted on: an offer or a correction case; both have a version and a list of what the caller may do. */
export type Subject = 'committee-offers' | 'correction-cases'

export const admission = {
  offers: () => request<Page<Offer>>('GET', '/committee-offers?limit=200'),
  cases: () => request<Page<CorrectionCase>>('GET', '/correction-cases?limit=200'),
  receipts: () => request<Page<Receipt>>('GET', '/refusal-receipts?limit=200'),
  lists: (list: string) => request<Page<ListItem>>('GET', `/admission-lists?limit=200&list=${list}`),
  loads: () => request<{ items: Load[] }>('GET', '/committee-loads'),
  judge: (wish: WishAsk) => request<Judgement>('POST', '/admission-judgements', wish),
  offer: (wish: WishAsk) => request<OfferDetail>('POST', '/committee-offers', wish),
  read: <Detail>(subject: Subject, id: number) => request<Detail>('GET', `/${subject}/${String(id)}`),
  act: <Detail>(subject: Subject, id: number, event: string, act: Act) =>
    request<Detail>('POST', `/${subject}/${String(id)}/actions/${event}`, act),
}
