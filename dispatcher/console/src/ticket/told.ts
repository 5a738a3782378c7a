/** What an entry of the timeline tells, in the reader's words; what has no word belongs to the audit, not to the desk. */
import { useI18n } from 'vue-i18n'

import type { TimelineItem } from '@/api/model'
import { useNaming } from '@/i18n/naming'
import { dateAndTime } from '@/i18n/time'
import { zhCN } from '@/i18n/zh-CN'

export interface Told {
  name: string
  text: string
}

const FIELD_ORDER = Object.keys(zhCN.field)

function rank(name: string): number {
  return FIELD_ORDER.indexOf(name)
}

export function useTold() {
  const { t, te } = useI18n()
  const { eventKindName, gradeName, listed, organisationName, term } = useNaming()

  function heading(item: TimelineItem): string {
    return item.event ? term('event', item.event) : term('entry', item.entry)
  }

  function actor(item: TimelineItem): string {
    if (item.actor_role === 'rule' || item.actor_name.startsWith('rule:')) return t('ticket.rule')
    const role = item.actor_role ? term('role', item.actor_role) : ''
    const unit = item.organisation_id ? organisationName(item.organisation_id) : ''
    return [item.actor_name, role === item.actor_name ? '' : role, unit].filter((part) => part !== '').join(' · ')
  }

  /** Fields and body, each with its name, in the order of the locale's list of fields. */
  function details(item: TimelineItem): Told[] {
    const given: Record<string, unknown> = { ...item.fields, ...item.body }
    if (given.told === given.organisation_id) delete given.told
    delete given.attachments // shown as pictures
    const found: Told[] = []
    for (const [name, value] of Object.entries(given).sort(([a], [b]) => rank(a) - rank(b))) {
      if (!te(`field.${name}`, 'zh-CN')) continue
      const text = asText(name, value)
      if (text !== '') found.push({ name: term('field', name), text })
    }
    return found
  }

  function asText(name: string, value: unknown): string {
    if (Array.isArray(value)) return listed(value.map((one) => asText(name, one)).filter((one) => one !== ''))
    if (typeof value === 'number') return name === 'grade' || name === 'was' ? gradeName(value) : String(value)
    if (typeof value !== 'string') return ''
    if (name === 'clock') return term('clockName', value)
    if (name === 'kind') return eventKindName(value)
    if (name.endsWith('_at') && !Number.isNaN(Date.parse(value))) return dateAndTime(value)
    const unit = organisationName(value)
    return unit === value ? term('choice', value) : unit
  }

  return { heading, actor, details }
}
