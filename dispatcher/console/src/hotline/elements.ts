/** Which of the five elements a call still leaves open while it is written down; the server decides in the end. */
import type { Element } from '@/api/hotline'

export interface Draft {
  text: string
  occurredAt: string
  address: string
  wanted: string
  name: string
  phone: string
  anonymous: boolean
}

export const ELEMENTS: readonly Element[] = ['who', 'when', 'where', 'what', 'wanted']

export function missing(draft: Draft): Element[] {
  const given: Record<Element, boolean> = {
    who: draft.anonymous || draft.name.trim() !== '' || draft.phone.trim() !== '',
    when: draft.occurredAt !== '',
    where: draft.address.trim() !== '',
    what: draft.text.trim() !== '',
    wanted: draft.wanted.trim() !== '',
  }
  return ELEMENTS.filter((element) => !given[element])
}

export function emptyDraft(): Draft {
  return { text: '', occurredAt: '', address: '', wanted: '', name: '', phone: '', anonymous: false }
}

/** The time that somebody typed on the wall clock of China, with its offset; null for none. */
export function chinaTime(typed: string): string | null {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(typed) ? `${typed}:00+08:00` : null
}
