/** How an offer's support is told, and which fields an action on an offer or a case asks for. */
import type { CorrectionCaseDetail, OfferDetail } from '@/api/admission'

export type FieldSort = 'text' | 'refusal' | 'units' | 'package'

/** The fields of each action beside its reason; an action that is not named here asks for none. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldSort>>>> = {
  refuse: { refusal: 'refusal' },
  amend: { package: 'package' },
  uphold_refusal: { heard: 'units' },
  confirm_support: { heard: 'units' },
  pay_support: { payment_ref: 'text' },
  hear: { statement: 'text' },
  refer: { organ: 'text' },
}

/** One tap is enough for these. */
const NO_REASON: ReadonlySet<string> = new Set(['accept', 'refuse', 'complete', 'pay_support', 'hear', 'amend'])

export const REFUSALS = ['support_mismatch', 'negative_list', 'not_on_list', 'no_capacity'] as const

export function fieldsOf(event: string): [name: string, sort: FieldSort][] {
  return Object.entries(FIELDS[event] ?? {})
}

export function wantsReason(event: string): boolean {
  return !NO_REASON.has(event)
}

export function isOffer(detail: OfferDetail | CorrectionCaseDetail): detail is OfferDetail {
  return 'request' in detail
}

export function supportLines(offer: OfferDetail, t: (key: string, named?: Record<string, unknown>) => string): string[] {
  const lines: string[] = []
  if (offer.funds_ref !== null) lines.push(`${t('admission.fields.funds_ref')} ${offer.funds_ref}`)
  if (offer.funds_yuan !== null) {
    const paid = offer.paid_at === null ? ` · ${t('admission.unpaid')}` : ''
    lines.push(t('admission.yuan', { n: offer.funds_yuan }) + paid)
  }
  for (const name of ['conditions', 'information_support', 'guidance_contact'] as const) {
    const said = offer[name]
    if (said !== null) lines.push(`${t(`admission.fields.${name}`)} ${said}`)
  }
  if (offer.period_from !== null) lines.push(`${offer.period_from} – ${offer.period_to ?? ''}`)
  return lines
}
