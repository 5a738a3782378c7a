/** Rows for the tests: complete, plain, and changed only where a test says so. */
import type { Incident, IncidentExplanation, TicketRow, User } from '@/api/model'

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
  return { id: 1, login: 'officer', zh_name: '值班员', roles: ['duty_officer'], organisation_id: 'desk', area_id: 'a', permissions: [], ...changes }
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
    follows: null,
    tile: 0,
    ticket_id: null,
    explanation: {
      kind: 'outdoor_fire',
      kind_version: 1,
      matrix_version: 1,
      points_version: 1,
      base: { likelihood: 3, consequence: 3 },
      evidence: [],
      likelihood: 3,
      consequence: 4,
      decided_by: 'matrix',
      grade: 3,
      facts: { final: false, judgement: null, doubted: [], earlier: [], warnings: [], matches: [], places: [], cleared: [] },
      override: null,
    },
    ...changes,
  }
}

/** The fire case: a bin and a second one that only the camera between them joins, and a call. */
export function explanation(changes: Partial<IncidentExplanation> = {}): IncidentExplanation {
  const uid = (n: number) => String(n).repeat(32)
  const member = (n: number, source: 'sensor' | 'camera' | 'hotline', east: number): IncidentExplanation['members'][number] => ({
    uid: uid(n),
    kind: 'outdoor_fire',
    kind_zh: '室外火情',
    kind_en: 'Outdoor fire',
    source_class: source,
    subject: source === 'hotline' ? null : `device ${String(n)}`,
    at: `2026-11-22T02:0${String(n)}:00Z`,
    place: null,
    lon: 104,
    lat: 30,
    east_m: east,
    north_m: 0,
    standing: 'clustered',
  })
  const incidentRow = incident(7)
  return {
    id: 7,
    number: 'IN-20261122-00007',
    version: 2,
    status: 'open',
    grade: 1,
    kind: incidentRow.kind,
    kind_zh: incidentRow.kind_zh,
    kind_en: incidentRow.kind_en,
    lon: 104,
    lat: 30,
    explanation: {
      ...incidentRow.explanation,
      evidence: [
        { rule: 'independent_sources', rule_version: 1, moves: 'likelihood', points: 2000, witnesses: [uid(1), uid(2), uid(4)], zh: '3 类独立来源相互印证', en: '3 independent classes of source agree' },
      ],
      likelihood: 5,
      grade: 1,
      facts: {
        ...incidentRow.explanation.facts,
        matches: [{ pattern_id: 'bin_fire', version: 3, zh: '垃圾桶起火', en: 'Bin fire', witnesses: [uid(1), uid(4)] }],
      },
    },
    rule_names: { independent_sources: ['独立来源印证', 'Independent sources agree'] },
    members: [member(1, 'sensor', 0), member(2, 'camera', 90), member(3, 'sensor', 210), member(4, 'hotline', 50)],
    members_total: 4,
    standings: { clustered: 4 },
    rules_version: 1,
    groups: [{ group: 'fire', zh_name: '火灾燃气', en_name: 'Fire', r_m: 150, t_s: 600, g_s: 60, m: 1 }],
    links: [
      { uid_a: uid(1), uid_b: uid(4), distance_m: 50, dt_s: 180, group: 'fire' },
      { uid_a: uid(2), uid_b: uid(4), distance_m: 40, dt_s: 120, group: 'fire' },
      { uid_a: uid(2), uid_b: uid(3), distance_m: 120, dt_s: 60, group: 'fire' },
    ],
    links_complete: true,
    aliases: [{ id: 8, number: 'IN-20261122-00008', merged_at: '2026-11-22T02:02:00Z', bridge_uid: uid(2) }],
    matches: [{
      incident_id: 7,
      incident_number: 'IN-20261122-00007',
      pattern_id: 'bin_fire',
      version: 3,
      zh_name: '垃圾桶起火',
      en_name: 'Bin fire',
      mode: 'active',
      anchor_uid: uid(1),
      anchor_at: '2026-11-22T02:01:00Z',
      matched_at: '2026-11-22T02:04:00Z',
      witnesses: [
        { step: 'heat', zh_name: '垃圾桶温度异常', en_name: 'Bin is hot', uid: uid(1), d_m: 0, dt_s: 0, incident_id: 7 },
        { step: 'seen', zh_name: '见烟或见火', en_name: 'Smoke or flames', uid: uid(4), d_m: 50, dt_s: 180, incident_id: 7 },
      ],
    }],
    what_if: [{ what: 'source_withdrawn', grade: 2, zh: '若撤回摄像机的报告 → II 级', en: 'if the camera reports are withdrawn -> grade II' }],
    history: [{ at: '2026-11-22T02:01:00Z', from_grade: null, to_grade: 2, computed_grade: 2, cause: 'opened', rules: [], watermark_at: null }],
    overrides: [],
    judgements: [],
    overlays: [],
    same_case: [],
    hazards: [],
    ...changes,
  }
}
