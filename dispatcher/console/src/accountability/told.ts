/** How files, petitions, emergency calls and reports upward are told by one pane, and what their actions ask for. */
import {
  accountability,
  bundleUrl,
  type AccountabilityDetail,
  type AccountabilityFile,
  type Handover,
  type HandoverDetail,
  type Petition,
  type PetitionDetail,
  type UpwardDetail,
  type UpwardReport,
} from '@/api/accountability'
import type { Act } from '@/api/shapes'

export interface Line {
  id: number
  number: string
  title: string
  state: string
  note: string
  late: boolean
}

export interface Told extends Line {
  version: number
  actions: readonly string[]
  facts: [label: string, text: string][]
  steps: { key: number; at: string; event: string; who: string; said: string; hash: string }[]
  download: string | null
}

export interface Pane {
  name: 'files' | 'petitions' | 'calls' | 'reports'
  list: () => Promise<{ items: Line[] }>
  read: (id: number) => Promise<Told>
  act: (id: number, event: string, act: Act) => Promise<Told>
}

/** The words of the page: labels, names of organisations, times. */
export interface Words {
  t: (key: string, named?: Record<string, unknown>) => string
  unit: (id: string | null) => string
  time: (at: string) => string
}

export type FieldSort = 'text' | 'organ' | 'outcome' | 'refusal' | 'date' | 'long'

/** The fields of each action beside its reason; an action that is not named here asks for none. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldSort>>>> = {
  state_side: { statement: 'long' },
  forward: { organ: 'organ' },
  record_result: { organ: 'organ', document_no: 'text', decided_on: 'date', outcome: 'outcome' },
  refuse: { code: 'refusal', legal_basis: 'text' },
  conclude: { result: 'long' },
  phone: { told: 'text' },
  send: { receiver: 'text' },
  receive: { receipt_no: 'text' },
  edit: { what: 'long', where: 'long', when: 'long', casualties: 'long', measures: 'long', next: 'long' },
}
const ANSWER: Readonly<Record<string, FieldSort>> = { external_no: 'text', status: 'text' }
const ANSWERS = ['acknowledged', 'en_route', 'on_scene', 'controlled', 'closed', 'declined'] as const
const REASONED: ReadonlySet<string> = new Set(['excuse', 'forward', 'overturn_refusal', 'extend', 'withdraw', 'send_back', 'cancel'])

export const OUTCOMES = ['correction_ordered', 'circulated', 'sanctioned', 'unfounded'] as const
export const REFUSALS = ['other_legal_channel', 'repeated', 'outside_competence', 'no_substance'] as const

export function fieldsOf(pane: Pane['name'], event: string): [name: string, sort: FieldSort][] {
  return Object.entries((pane === 'calls' ? ANSWER : FIELDS[event]) ?? {})
}

export function wantsReason(event: string): boolean {
  return REASONED.has(event)
}

export function filesPane(w: Words): Pane {
  const line = (row: AccountabilityFile): Line => ({
    id: row.id,
    number: row.number,
    title: `${w.unit(row.unit_organisation_id)} · ${w.t(`accountability.type.${row.type}`)}`,
    state: w.t(`accountability.state.${row.state}`),
    note: row.ticket_number ?? '',
    late: row.state === 'fact' && row.review_asked_at !== null,
  })
  const told = (row: AccountabilityDetail): Told => ({
    ...line(row),
    version: row.version,
    actions: row.actions,
    facts: [
      [w.t('accountability.ground'), w.t(`accountability.groundOf.${row.ground}`)],
      [w.t('accountability.openedAt'), w.time(row.opened_at)],
      [w.t('accountability.statementDue'), w.time(row.statement_due_at)],
      ...factLines(row.seals[0]?.content['fact'], w),
    ],
    steps: row.seals.map((seal) => ({
      key: seal.seq,
      at: text(seal.content['at']),
      event: text(seal.content['event']),
      who: who(text((seal.content['actor'] as Record<string, unknown> | undefined)?.['name']), w),
      said: [seal.content['statement'], seal.content['reason'], seal.content['document_no']].map(text).filter(Boolean).join(' · '),
      hash: seal.hash,
    })),
    download: row.actions.some((event) => event !== 'state_side') || row.state === 'excused' ? bundleUrl(row.id) : null,
  })
  return {
    name: 'files',
    list: async () => ({ items: (await accountability.files()).items.map(line) }),
    read: async (id) => told(await accountability.file(id)),
    act: async (id, event, act) => told(await accountability.actOnFile(id, event, act)),
  }
}

export function petitionsPane(w: Words): Pane {
  const line = (row: Petition): Line => ({
    id: row.id,
    number: row.number,
    title: `${w.t(`accountability.kind.${row.kind}`)} · ${w.unit(row.about_organisation_id)}`,
    state: w.t(`accountability.state.${row.state}`),
    note: w.unit(row.receiver_organisation_id),
    late: false,
  })
  const told = (row: PetitionDetail): Told => ({
    ...line(row),
    version: row.version,
    actions: row.actions,
    facts: [
      [w.t('accountability.matter'), row.matter],
      [w.t('accountability.about'), w.unit(row.about_organisation_id)],
      [w.t('accountability.receiver'), w.unit(row.receiver_organisation_id)],
      [w.t('accountability.petitioner'), row.petitioner ?? w.t('accountability.hidden')],
      ...(row.contact === null ? [] : [[w.t('accountability.contact'), row.contact] as [string, string]]),
      [w.t('accountability.acceptDue'), w.time(row.accept_due_at)],
      [w.t('accountability.handleDue'), w.time(row.handle_due_at)],
      ...(row.legal_basis === null ? [] : [[w.t('accountability.fields.legal_basis'), row.legal_basis] as [string, string]]),
    ],
    steps: records(row.records, w),
    download: null,
  })
  return {
    name: 'petitions',
    list: async () => ({ items: (await accountability.petitions()).items.map(line) }),
    read: async (id) => told(await accountability.petition(id)),
    act: async (id, event, act) => told(await accountability.actOnPetition(id, event, act)),
  }
}

export function callsPane(w: Words, enters: boolean): Pane {
  const line = (row: Handover): Line => ({
    id: row.id,
    number: row.number,
    title: [row.service_zh, row.kind_zh, row.place].filter(Boolean).join(' · '),
    state: w.t(`accountability.state.${row.state}`),
    note: row.external_no ?? row.ticket_number ?? '',
    late: row.state === 'called' && row.steps_taken > 1,
  })
  const told = (row: HandoverDetail): Told => ({
    ...line(row),
    version: row.version,
    actions: enters && row.closed_at === null ? ANSWERS : [],
    facts: [
      [w.t('accountability.unit'), w.unit(row.organisation_id)],
      ...(['opened_at', 'acked_at', 'arrived_at', 'controlled_at', 'closed_at'] as const).flatMap((name) => {
        const at = row[name]
        return at === null ? [] : [[w.t(`accountability.times.${name}`), w.time(at)] as [string, string]]
      }),
      ...(row.external_status === null ? [] : [[w.t('accountability.fields.status'), row.external_status] as [string, string]]),
    ],
    steps: row.entries.map((entry, key) => ({
      key,
      at: entry.at,
      event: entry.event === 'step' ? text(entry.body['action']) : entry.event === 'open' ? 'called' : entry.event,
      who: entry.actor.startsWith('rule:') ? w.t('accountability.platform') : entry.actor_name,
      said: [entry.body['external_no'], entry.body['status']].map(text).filter(Boolean).join(' · '),
      hash: '',
    })),
    download: null,
  })
  return {
    name: 'calls',
    list: async () => ({ items: (await accountability.calls()).items.map(line) }),
    read: async (id) => told(await accountability.call(id)),
    act: async (id, event, act) => told(await accountability.enterAnswer(id, event, act)),
  }
}

export function reportsPane(w: Words): Pane {
  const line = (row: UpwardReport): Line => ({
    id: row.id,
    number: row.number,
    title: row.content['title'] ?? row.kind_zh,
    state: w.t(`accountability.state.${row.state}`),
    note: row.sent_at === null ? w.t('accountability.dueBy', { at: w.time(row.due_at) }) : '',
    late: row.late,
  })
  const told = (row: UpwardDetail): Told => ({
    ...line(row),
    version: row.version,
    actions: row.actions,
    facts: [
      ...(row.phone_due_at === null ? [] : [[w.t('accountability.phoneDue'), w.time(row.phone_due_at)] as [string, string]]),
      [w.t('accountability.writtenDue'), w.time(row.due_at)],
      ...(['what', 'where', 'when', 'casualties', 'measures', 'next'] as const).map(
        (name): [string, string] => [w.t(`accountability.fields.${name}`), row.content[name] ?? ''],
      ),
      ...(row.receipt_no === null ? [] : [[w.t('accountability.fields.receipt_no'), row.receipt_no] as [string, string]]),
    ],
    steps: records(row.records, w),
    download: null,
  })
  return {
    name: 'reports',
    list: async () => ({ items: (await accountability.reports()).items.map(line) }),
    read: async (id) => told(await accountability.report(id)),
    act: async (id, event, act) => told(await accountability.actOnReport(id, event, act)),
  }
}

interface RecordLine {
  version: number
  at: string
  event: string
  actor_name: string
  reason: string | null
  fields: Record<string, unknown>
}

function records(lines: readonly RecordLine[], w: Words): Told['steps'] {
  return lines.map((line) => ({
    key: line.version,
    at: line.at,
    event: line.event,
    who: who(line.actor_name, w),
    said: [line.reason, ...Object.values(line.fields)].map(text).filter(Boolean).join(' · '),
    hash: '',
  }))
}

function who(name: string, w: Words): string {
  return name.startsWith('rule:') ? w.t('accountability.platform') : name
}

function factLines(fact: unknown, w: Words): [string, string][] {
  if (typeof fact !== 'object' || fact === null) return []
  const known = fact as Record<string, unknown>
  const times = (['due_at', 'happened_at', 'actual_at'] as const).flatMap((name): [string, string][] =>
    known[name] === null || known[name] === undefined ? [] : [[w.t(`accountability.times.${name}`), w.time(text(known[name]))]],
  )
  const source = text(known['ground_source'])
  return [...times, ...(source === '' ? [] : [[w.t('accountability.source'), source] as [string, string]])]
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
