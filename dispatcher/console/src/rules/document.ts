/** A document of rules as the page shows it: the order of its numbers, what two of them differ in, what a path means. Pure. */
import type { GroupRules, RuleDocument } from '@/api/rules'

/** The whole numbers of a group, in the order in which people read them. */
export const GROUP_NUMBERS = [
  'r_m', 't_s', 'g_s', 'm', 'lateness_s', 'tile_s', 'follow_s', 'flap_window_s', 'flap_on', 'flap_off',
] as const satisfies readonly (keyof GroupRules)[]

export type GroupNumber = (typeof GROUP_NUMBERS)[number]

export const MODES = ['auto_ticket', 'review', 'notice_only'] as const
/** The rows of the matrix, the gravest consequence on top. */
export const CONSEQUENCES = [5, 4, 3, 2, 1] as const
export const LIKELIHOODS = [1, 2, 3, 4, 5] as const

export function copyOf(document: RuleDocument): RuleDocument {
  return JSON.parse(JSON.stringify(document)) as RuleDocument
}

/** Every path whose value differs, as the server writes paths: `groups.fire.r_m`, `matrix.4[2]`. */
export function changedPaths(before: RuleDocument, after: RuleDocument): Set<string> {
  const found = new Set<string>()
  compare('', before, after, found)
  return found
}

function compare(path: string, before: unknown, after: unknown, found: Set<string>): void {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    before.forEach((value, index) => { compare(`${path}[${String(index)}]`, value, after[index], found) })
  } else if (isTree(before) && isTree(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(path === '' ? name : `${path}.${name}`, before[name], after[name], found)
    }
  } else if (before !== after) {
    found.add(path)
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a path points at: which group, kind or cell, and which of its values. */
interface Pointed {
  part: 'group' | 'kind' | 'matrix' | 'pattern' | 'reference' | 'other'
  name: string
  field: string
}

export function pointed(path: string): Pointed {
  const cell = /^matrix\.(\d)\[(\d)\]$/.exec(path)
  if (cell !== null) return { part: 'matrix', name: cell[1] ?? '', field: String(Number(cell[2]) + 1) }
  const [part, name = '', field = ''] = path.split('.')
  if (part === 'groups') return { part: 'group', name, field }
  if (part === 'kinds') return { part: 'kind', name, field }
  if (part === 'patterns') return { part: 'pattern', name, field }
  if (part === 'references') return { part: 'reference', name, field: '' }
  return { part: 'other', name: path, field: '' }
}

/** `600` seconds as `10 min`: how people speak of them. Zero stays what it means: never. */
export function spoken(seconds: number): { n: number; unit: 's' | 'min' | 'h' | 'd' } {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return { n: seconds / 86_400, unit: 'd' }
  if (seconds >= 3600 && seconds % 3600 === 0) return { n: seconds / 3600, unit: 'h' }
  if (seconds >= 60 && seconds % 60 === 0) return { n: seconds / 60, unit: 'min' }
  return { n: seconds, unit: 's' }
}
