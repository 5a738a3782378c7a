/** Requests of the hotline's desk: calls, what callers reported before, call-backs. */
import { request } from './client'
import type { components } from './schema'

type Schemas = components['schemas']

export type NewCall = Schemas['NewCall']
export type TakenCall = Schemas['TakenCall']
export type OpenElements = Schemas['OpenElements']
export type Element = Schemas['Element']
export type Demand = Schemas['Demand']
export type Urgency = Schemas['Urgency']
export type EarlierCall = Schemas['EarlierCall']
export type WaitingCallback = Schemas['WaitingCallback']
export type Callback = Schemas['Callback']
export type Caller = Schemas['Caller']
export type CallbackResult = Schemas['CallbackResult']
export type ResultAsk = Schemas['ResultAsk']
export type ArticleVersion = Schemas['ArticleVersion']
export type RefusalBasis = Schemas['RefusalBasis']

const callback = (id: number) => `/callbacks/${String(id)}`

export const hotline = {
  take: (call: NewCall) => request<TakenCall>('POST', '/hotline/calls', call),
  supplement: (id: number, element: Element, text: string) =>
    request<OpenElements>('POST', `/hotline/calls/${String(id)}/supplements`, { element, text }),
  history: (caller_phone: string, kind: string) =>
    request<{ items: EarlierCall[] }>('POST', '/hotline/call-history', { caller_phone, kind }),
  /** The articles in force that answer best; without a question all of them. */
  articles: (question: string) => {
    const asked = question.trim().slice(0, 400)
    return request<{ items: ArticleVersion[] }>('GET', asked === '' ? '/knowledge?limit=50' : `/knowledge?limit=5&q=${encodeURIComponent(asked)}`)
  },
  bases: () => request<{ items: RefusalBasis[] }>('GET', '/refusal-bases'),
  waiting: () => request<{ items: WaitingCallback[] }>('GET', '/callbacks?limit=200'),
  takeCallback: (call_id: number) => request<Callback>('POST', '/callbacks', { call_id }),
  look: (id: number) => request<Caller>('POST', `${callback(id)}/looks`),
  tried: (id: number, result_of_try: string) => request<Callback>('POST', `${callback(id)}/tries`, { result_of_try }),
  finish: (id: number, told: ResultAsk) => request<Callback>('POST', `${callback(id)}/result`, told),
}
