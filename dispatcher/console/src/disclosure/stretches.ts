/** Stretches of a draft: the server counts characters, the browser counts units of UTF-16. */
import type { DisclosureDetail } from '@/api/disclosures'

export interface Stretch {
  start: number
  end: number
}

/** The characters of a text as the server counts them. */
function charactersOf(text: string): string[] {
  return Array.from(text)
}

export function wordsOf(text: string, stretch: Stretch): string {
  return charactersOf(text).slice(stretch.start, stretch.end).join('')
}

/** What a selection of a text field covers, counted as the server does; null where nothing is selected. */
export function selected(text: string, from: number, to: number): Stretch | null {
  if (to <= from) return null
  const start = charactersOf(text.slice(0, from)).length
  return { start, end: start + charactersOf(text.slice(from, to)).length }
}

/** The draft cut into what stays and what goes, so that a page can mark it. */
export function pieces(draft: DisclosureDetail): { words: string; mark: 'stays' | 'goes' | 'kept' }[] {
  const characters = charactersOf(draft.text)
  const marks: ('stays' | 'goes' | 'kept')[] = characters.map(() => 'stays')
  for (const each of draft.proposals) marks.fill(each.waived === null ? 'goes' : 'kept', each.start, each.end)
  for (const each of draft.redactions) marks.fill('goes', each.start, each.end)
  const cut: { words: string; mark: 'stays' | 'goes' | 'kept' }[] = []
  characters.forEach((character, place) => {
    const mark = marks[place] ?? 'stays'
    const last = cut.at(-1)
    if (last?.mark === mark) last.words += character
    else cut.push({ words: character, mark })
  })
  return cut
}
