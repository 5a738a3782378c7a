/** Requests of the page of rosters: who is on duty, gaps, overrides, who cannot be reached. */
import { request } from './client'
import type { components } from './schema'
import type { Page } from './shapes'

type Schemas = components['schemas']

export type Roster = Schemas['Roster']
export type RosterDetail = Schemas['RosterDetail']
export type Stretch = Schemas['Stretch']
export type Contact = Schemas['Contact']
export type NewOverride = Schemas['NewOverride']
export type Reachability = Schemas['Reachability']
export type RosterGap = Schemas['RosterGap']
export type DutyAlarms = Schemas['DutyAlarms']

export const rosters = {
  /** So many lines fit a page; who wants others names the organisation. */
  list: (organisation: string, at: string) =>
    request<Page<Roster>>('GET', `/rosters?limit=60&at=${encodeURIComponent(at)}${organisation === '' ? '' : `&organisation=${organisation}`}`),
  shifts: (id: number, from_at: string, until_at: string) =>
    request<{ items: Stretch[] }>(
      'GET',
      `/rosters/${String(id)}/shifts?from_at=${encodeURIComponent(from_at)}&until_at=${encodeURIComponent(until_at)}`,
    ),
  contacts: (organisation: string) => request<Page<Contact>>('GET', `/contacts?limit=200&organisation=${organisation}`),
  override: (id: number, ask: NewOverride) => request<RosterDetail>('POST', `/rosters/${String(id)}/overrides`, ask),
  gaps: () => request<Page<RosterGap>>('GET', '/roster-gaps?limit=200'),
  concern: () => request<Page<Reachability>>('GET', '/reachability?limit=200&concern=true'),
  alarms: () => request<DutyAlarms>('GET', '/duty-alarms'),
}
