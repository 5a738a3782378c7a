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
