/** Rows for the tests: complete, plain, and changed only where a test says so. */
import type { Incident, TicketRow, User } from '@/api/model'

export function ticket(id: number, changes: Partial<TicketRow> = {}): TicketRow {
  return {
    id,
    number: `CR-20261122-${String(id).padStart(5, '0')}`,
    ticket_kind: 'call_response',
    state: 'dispatched',
    version: 1,
    grade: 3,
    kind: 'outdoor_fire',
    kind_zh: '室外火情',
    kind_en: 'Outdoor fire',
    place: '三号楼',
    area_id: 'a',
    lon: 104,
    lat: 30,
    lead: { id: 'fire', zh_name: '消防', en_name: 'Fire' },
    co_signed: 0,
    co_total: 0,
    opened_at: '2026-11-22T12:00:00Z',
    accepted_at: '2026-11-22T12:00:00Z',
    closed_at: null,
    due_at: '2026-11-22T13:00:00Z',
    due_clock: 'c_sign',
    overdue: false,
    report_count: 0,
    event_count: 1,
    rework_count: 0,
    incident_id: id,
    case_id: id,
    ...changes,
  }
}

export function user(changes: Partial<User> = {}): User {
  return { id: 1, login: 'officer', zh_name: '值班员', roles: ['duty_officer'], organisation_id: 'desk', area_id: 'a', ...changes }
}

export function incident(id: number, changes: Partial<Incident> = {}): Incident {
  return {
    id,
    number: `IN-${String(id)}`,
    case_id: id,
    status: 'open',
    kind: 'outdoor_fire',
    kind_zh: '室外火情',
    kind_en: 'Outdoor fire',
    grade: 3,
    area_id: 'a',
    place: null,
    lon: null,
    lat: null,
    first_at: '2026-11-22T12:00:00Z',
    last_at: '2026-11-22T12:00:00Z',
    opened_at: '2026-11-22T12:00:00Z',
    final_at: null,
    event_count: 1,
    source_classes: ['camera'],
    late: false,
    merged_into: null,
    ticket_id: null,
    explanation: {
      kind: 'outdoor_fire',
      kind_version: 1,
      matrix_version: 1,
      base: { likelihood: 3, consequence: 3 },
      evidence: [],
      likelihood: 3,
      consequence: 3,
      grade: 3,
    },
    ...changes,
  }
}
