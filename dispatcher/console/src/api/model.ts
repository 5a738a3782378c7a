/** Short names for the shapes that come over the wire; all of them are generated from the OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Action = Schemas['Action']
export type ActionField = Schemas['ActionField']
export type Area = Schemas['Area']
export type Assignment = Schemas['Assignment']
export type ClockReading = Schemas['ClockReading']
export type Conservation = Schemas['Conservation']
export type Device = Schemas['Device']
export type EventKind = Schemas['EventKind']
export type Explanation = Schemas['Explanation']
export type Incident = Schemas['Incident']
export type IncidentExplanation = Schemas['IncidentExplanation']
export type IncidentSummary = Schemas['IncidentSummary']
export type LinkView = Schemas['LinkView']
export type MemberView = Schemas['MemberView']
export type Organisation = Schemas['Organisation']
export type Permission = Schemas['Permission']
export type ProblemDocument = Schemas['Problem']
export type ProblemCode = Schemas['ProblemCode']
export type Session = Schemas['Session']
export type StreamItem = Schemas['StreamItem']
export type TicketClock = Schemas['TicketClock']
export type TicketDetail = Schemas['TicketDetail']
export type TicketReport = Schemas['TicketReport']
export type TicketRow = Schemas['TicketRow']
export type TimelineItem = Schemas['TimelineItem']
export type Unit = Schemas['Unit']
export type User = Schemas['User']
export type UserRole = Schemas['UserRole']

/** I to IV; 1 is the gravest. */
export type Grade = 1 | 2 | 3 | 4

export const GRADES: readonly Grade[] = [1, 2, 3, 4]

export function isGrade(value: number): value is Grade {
  return value === 1 || value === 2 || value === 3 || value === 4
}
