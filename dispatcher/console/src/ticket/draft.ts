/** What a form starts with: what the ticket already says. */
import type { Action, ActionField, TicketDetail } from '@/api/model'
import type { Draft, DraftValue } from '@/store/opened'

export function firstDraft(action: Action, ticket: TicketDetail): Draft {
  const fields: Draft['fields'] = {}
  for (const field of action.fields) fields[field.name] = startOf(field, ticket)
  return { reason: '', fields }
}

function startOf(field: ActionField, ticket: TicketDetail): DraftValue {
  if (field.name === 'lead') return ticket.lead?.id ?? null
  if (field.type === 'organisations') {
    return ticket.assignments
      .filter((assignment) => assignment.role === 'co' && assignment.ended_at === null)
      .map((assignment) => assignment.organisation.id)
  }
  if (field.type === 'choice' && field.choices?.length === 1) return field.choices[0] ?? null
  return null
}
