/** Requests of the evaluations page (Art. 46): what committees and residents say, what is replied, how organs are assessed. */
import { request } from './client'
import type { components } from './schema'
import type { Act, Page } from './shapes'

type Schemas = components['schemas']

export type Evaluation = Schemas['Evaluation']
export type EvaluationDetail = Schemas['EvaluationDetail']
export type EvaluationSubject = Schemas['EvaluationSubject']
export type EvaluationSum = Schemas['EvaluationSum']
export type NewEvaluation = Schemas['NewEvaluation']
export type Assessment = Schemas['Assessment']
export type AssessmentDetail = Schemas['AssessmentDetail']
export type HearingForm = Schemas['HearingForm']
export type NewAssessment = Schemas['NewAssessment']
export type NewHearing = Schemas['NewHearing']

const of = (id: number) => `/evaluations/${String(id)}`
const organ = (id: number) => `/organ-assessments/${String(id)}`

export const evaluations = {
  list: () => request<Page<Evaluation>>('GET', '/evaluations?limit=200'),
  read: (id: number) => request<EvaluationDetail>('GET', of(id)),
  draft: (said: NewEvaluation) => request<EvaluationDetail>('POST', '/evaluations', said),
  addOpinion: (id: number, score: number, text: string) =>
    request<EvaluationDetail>('POST', `${of(id)}/opinions`, { score, ...(text.trim() === '' ? {} : { text }) }),
  act: (id: number, event: string, act: Act) => request<EvaluationDetail>('POST', `${of(id)}/actions/${event}`, act),
  sums: () => request<{ items: EvaluationSum[] }>('GET', '/evaluation-sums'),
  assessments: () => request<Page<Assessment>>('GET', '/organ-assessments?limit=200'),
  assessment: (id: number) => request<AssessmentDetail>('GET', organ(id)),
  openAssessment: (said: NewAssessment) => request<AssessmentDetail>('POST', '/organ-assessments', said),
  hear: (id: number, said: NewHearing) => request<AssessmentDetail>('POST', `${organ(id)}/hearings`, said),
  conclude: (id: number, version: number, conclusion: string) =>
    request<AssessmentDetail>('POST', `${organ(id)}/conclusion`, { version, conclusion }),
}
