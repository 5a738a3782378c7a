/** The closed lists that the forms of evaluations offer, and what each action asks for. */
import type { EvaluationSubject, HearingForm } from '@/api/evaluations'

export const SUBJECTS: readonly EvaluationSubject[] = [
  'water', 'power', 'gas', 'sanitation', 'greening', 'other_utility', 'administrative_organ',
]
export const FORMS: readonly HearingForm[] = ['questionnaire', 'symposium', 'visit', 'online', 'written']
export const SCORES = [5, 4, 3, 2, 1] as const
export const AUTHORITIES: ReadonlySet<string> = new Set(['department', 'subdistrict', 'government', 'duty_desk'])
/** Never assessed: a committee, and owners among themselves. */
export const NOT_ASSESSED: ReadonlySet<string> = new Set(['committee', 'owners_committee'])

/** The fields of an action beside its reason; the first is needed. */
export const FIELDS: Readonly<Record<string, readonly string[]>> = {
  edit: ['summary'],
  reply: ['reply', 'measures'],
  report_measures: ['result'],
}
export const REASONED: ReadonlySet<string> = new Set(['not_enough', 'insist', 'decide'])
