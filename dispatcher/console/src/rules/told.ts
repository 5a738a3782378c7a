/** What a path of the document and its values are called on the page. */
import { useI18n } from 'vue-i18n'

import type { RuleDocument } from '@/api/rules'
import { useNaming } from '@/i18n/naming'
import { useSession } from '@/store/session'

import { pointed } from './document'

export function useRuleNames() {
  const { t, te } = useI18n()
  const { eventKindName, named } = useNaming()
  const session = useSession()

  /** `groups.fire.r_m` as `火灾燃气 · 相连距离`. */
  function pathName(path: string, document: RuleDocument | null): string {
    const { part, name, field } = pointed(path)
    if (part === 'matrix') return t('rules.cell', { consequence: name, likelihood: field })
    if (part === 'reference') return t('rules.reference', { name })
    if (part === 'other') return name
    const group = document?.groups[name]
    const whose = part === 'pattern' ? t('rules.patternOf', { name }) : part === 'kind' ? eventKindName(name) : group === undefined ? name : named(group)
    return field === '' ? whose : `${whose} · ${fieldName(field)}`
  }

  function fieldName(field: string): string {
    const key = `rules.field.${field}`
    return te(key, 'zh-CN') ? t(key) : field
  }

  function valueText(path: string, value: unknown, document: RuleDocument | null): string {
    if (value === null || value === undefined) return t('explanation.none')
    const { part, field } = pointed(path)
    if (part === 'matrix') return t('rules.gradeValue', { grade: t(`grade.${String(value)}.numeral`) })
    if (typeof value === 'boolean') return value ? t('rules.yes') : t('rules.no')
    if (field === 'mode') return t(`rules.${part === 'pattern' ? 'patternModeOf' : 'modeOf'}.${String(value)}`)
    const group = field === 'group' ? document?.groups[String(value)] : undefined
    if (group !== undefined) return named(group)
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }

  /** `user:18` by the name, where it is the caller; else by the number. A program keeps what it is called. */
  function actorName(actor: string): string {
    const id = /^user:(\d+)$/.exec(actor)?.[1]
    if (id === undefined) return actor
    return Number(id) === session.user?.id ? session.user.zh_name : t('rules.userNumber', { id })
  }

  return { actorName, pathName, valueText }
}
