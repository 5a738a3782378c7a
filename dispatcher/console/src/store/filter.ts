/** What the chips above the queue let through. Pure. */
import type { Grade, TicketRow, User, UserRole } from '@/api/model'

export type StateGroup = 'desk' | 'signing' | 'working' | 'checking' | 'returned'

/** The groups of states that a chip stands for, in the order of the work. */
export const STATE_GROUPS: Readonly<Record<StateGroup, readonly string[]>> = {
  desk: ['new', 'verifying_fact', 'accepted', 'proposed', 'admitted', 'relapsed'],
  signing: ['dispatched', 'lead_assigned', 'co_signing'],
  working: ['acknowledged', 'en_route', 'on_scene', 'controlled', 'rework', 'suspended', 'planning', 'in_progress'],
  checking: ['resolved', 'verifying', 'awaiting_callback', 'plan_review', 'reported_complete', 'inspection', 'publicity', 'look_back'],
  returned: ['return_requested', 'arbitration'],
}

/** The saved views that the server knows: of the person, and of the unit. */
export const WORKBENCH = ['mine', 'inbox', 'led', 'called'] as const
export type Workbench = (typeof WORKBENCH)[number]

export interface QueueFilter {
  view: Workbench | null
  /** The tickets of the view, as the server last said. */
  ids: ReadonlySet<number> | null
  grades: readonly Grade[]
  groups: readonly StateGroup[]
  mine: boolean
  overdue: boolean
  text: string
}

export const NO_FILTER: QueueFilter = { view: null, ids: null, grades: [], groups: [], mine: false, overdue: false, text: '' }

/** The states of a joint rectification that wait for a decision. */
const DECIDED: readonly string[] = ['proposed', 'admitted', 'plan_review', 'publicity', 'relapsed']

/** The states in which a role of the desk has the next move. */
const DESK_WORK: Partial<Record<UserRole, readonly string[]>> = {
  call_taker: ['new', 'verifying_fact'],
  duty_officer: ['new', 'accepted', 'return_requested'],
  shift_leader: ['new', 'accepted', 'return_requested', 'arbitration'],
  verifier: ['resolved', 'verifying', 'reported_complete', 'inspection', 'look_back'],
  callback_agent: ['awaiting_callback'],
  subdistrict: ['arbitration', ...DECIDED],
  supervisor: ['arbitration', ...DECIDED],
}

const UNIT_ROLES: readonly UserRole[] = ['dept_handler', 'dept_head', 'field_unit']
const UNIT_WORK: readonly string[] = [
  'dispatched', 'acknowledged', 'en_route', 'on_scene', 'controlled', 'rework', 'lead_assigned', 'co_signing', 'planning', 'in_progress',
]

/** Whether the next move is the user's: by the role at the desk, or by the organisation that leads. */
export function isMine(row: TicketRow, user: User): boolean {
  if (user.roles.some((role) => DESK_WORK[role]?.includes(row.state))) return true
  const ours = user.organisation_id !== null && row.lead?.id === user.organisation_id
  return ours && UNIT_WORK.includes(row.state) && user.roles.some((role) => UNIT_ROLES.includes(role))
}

/** The test that a row must pass to be shown to this user under this filter. */
export function passing(filter: QueueFilter, user: User | null): (row: TicketRow) => boolean {
  const states = new Set(filter.groups.flatMap((group) => STATE_GROUPS[group]))
  const grades = new Set<number>(filter.grades)
  const text = filter.text.trim().toLowerCase()
  return (row) =>
    (filter.ids === null || filter.ids.has(row.id)) &&
    (grades.size === 0 || grades.has(row.grade)) &&
    (states.size === 0 || states.has(row.state)) &&
    (!filter.overdue || row.overdue) &&
    (!filter.mine || (user !== null && isMine(row, user))) &&
    (text === '' || searchable(row).includes(text))
}

function searchable(row: TicketRow): string {
  return [row.number, row.kind_zh, row.kind_en, row.place, row.lead?.zh_name, row.lead?.en_name].join(' ').toLowerCase()
}
