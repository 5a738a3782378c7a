/** Requests to the dispatcher's own API: typed answers, refusals as `Refusal`, a limit on every wait. */
import type {
  Area,
  ClockReading,
  Conservation,
  Device,
  EventKind,
  Incident,
  IncidentExplanation,
  IncidentSummary,
  Organisation,
  Session,
  TicketDetail,
  TicketRow,
  TimelineItem,
  User,
} from './model'
import { Refusal, refusalOf } from './problem'
import type { Act, Page } from './shapes'

const PREFIX = '/api/v1'
const PAGE_ROWS = 200
const LIMIT_MS = 15_000
/** The map shows the newest open incidents; a storm has more of them than a map can tell. */
const NEWEST_INCIDENTS = 1_000

let onLoggedOut: () => void = () => undefined

/** Names what happens when the server no longer knows the session. */
export function whenLoggedOut(callback: () => void): void {
  onLoggedOut = callback
}

export const api = {
  logIn: (login: string, password: string) => request<Session>('POST', '/sessions', { login, password }),
  logOut: () => request<null>('DELETE', '/sessions/current'),
  me: () => request<User>('GET', '/me'),
  clock: () => request<ClockReading>('GET', '/clock'),
  areas: () => request<{ items: Area[] }>('GET', '/areas'),
  organisations: () => request<{ items: Organisation[] }>('GET', '/organisations'),
  eventKinds: () => request<{ items: EventKind[] }>('GET', '/event-kinds'),
  conservation: () => request<Conservation>('GET', '/conservation'),
  incidentSummary: () => request<IncidentSummary>('GET', '/incidents/summary'),
  explanation: (id: number) => request<IncidentExplanation>('GET', `/incidents/${String(id)}/explanation`),
  openTickets: (take: (rows: TicketRow[]) => void) => everyPage<TicketRow>('/tickets?open=true', take),
  openIncidents: (take: (rows: Incident[]) => void) => everyPage<Incident>('/incidents?status=open', take, NEWEST_INCIDENTS),
  devices: (take: (rows: Device[]) => void) => everyPage<Device>('/devices', take),
  ticket: (id: number) => request<TicketDetail>('GET', `/tickets/${String(id)}`),
  timeline: (id: number) => request<{ items: TimelineItem[] }>('GET', `/tickets/${String(id)}/timeline`),
  holdInside: (id: number, ask: { user_id?: number; office?: string }) =>
    request<TicketDetail>('POST', `/tickets/${String(id)}/holder`, ask),
  ticketsOfView: (view: string, take: (rows: TicketRow[]) => void) => everyPage<TicketRow>(`/tickets?open=true&view=${view}`, take),
  act: (id: number, event: string, act: Act) => request<TicketDetail>('POST', `/tickets/${String(id)}/actions/${event}`, act),
}

/** Opens the live stream after the given position; the caller reads the body. */
export async function openStream(after: number | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (after !== null) headers['Last-Event-ID'] = String(after)
  const response = await fetch(`${PREFIX}/stream`, { headers, signal, cache: 'no-store' })
  if (!response.ok) throw await refused(response)
  return response
}

async function everyPage<Row>(path: string, take: (rows: Row[]) => void, most = Infinity): Promise<void> {
  let cursor: string | null = null
  let taken = 0
  do {
    const page: Page<Row> = await request('GET', pageUrl(path, cursor))
    take(page.items)
    taken += page.items.length
    cursor = page.next
  } while (cursor !== null && taken < most)
}

function pageUrl(path: string, cursor: string | null): string {
  const first = `${path}${path.includes('?') ? '&' : '?'}limit=${String(PAGE_ROWS)}`
  return cursor === null ? first : `${first}&cursor=${cursor}`
}

export async function request<Answer>(method: string, path: string, body?: unknown, limit_ms = LIMIT_MS): Promise<Answer> {
  if (body === undefined) return send<Answer>(method, path, null, {}, limit_ms)
  return send<Answer>(method, path, JSON.stringify(body), { 'Content-Type': 'application/json' }, limit_ms)
}

/** Sends a body as it is; a form names its own type. */
export async function send<Answer>(
  method: string, path: string, body: BodyInit | null, headers: Record<string, string>, limit_ms: number,
): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(PREFIX + path, {
      method,
      headers: { Accept: 'application/json', ...headers },
      cache: 'no-store',
      signal: AbortSignal.timeout(limit_ms),
      ...(body === null ? {} : { body }),
    })
  } catch {
    throw new Refusal('unreachable', 0, null)
  }
  if (!response.ok) throw await refused(response)
  return (response.status === 204 ? null : await response.json()) as Answer
}

async function refused(response: Response): Promise<Refusal> {
  const refusal = await refusalOf(response)
  if (refusal.code === 'unauthenticated') onLoggedOut()
  return refusal
}
