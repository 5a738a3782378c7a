/** Names of domain things in the language of the page; a word that no locale file knows is shown as it came. */
import { useI18n } from 'vue-i18n'

import type { TicketRow } from '@/api/model'
import { span } from '@/store/countdown'
import { useRegistry } from '@/store/registry'

interface Named {
  zh_name: string
  en_name: string
}

type Vocabulary = 'state' | 'event' | 'clockName' | 'role' | 'entry' | 'field' | 'choice' | 'guard' | 'routing' | 'ticketKind'

export function useNaming() {
  const { t, te, locale } = useI18n()
  const registry = useRegistry()

  function isChinese(): boolean {
    return locale.value === 'zh-CN'
  }

  function named(thing: Named): string {
    return isChinese() ? thing.zh_name : thing.en_name
  }

  function kindName(row: { kind_zh: string; kind_en: string }): string {
    return isChinese() ? row.kind_zh : row.kind_en
  }

  /** A word of the domain; `word` comes from the server, which may know newer ones. */
  function term(vocabulary: Vocabulary, word: string): string {
    const key = `${vocabulary}.${word}`
    return te(key, 'zh-CN') ? t(key) : word
  }

  function organisationName(id: string): string {
    const unit = registry.organisationById.get(id)
    return unit === undefined ? id : named(unit)
  }

  function eventKindName(id: string): string {
    const kind = registry.kindById.get(id)
    return kind === undefined ? id : named(kind)
  }

  function gradeName(grade: number): string {
    const key = `grade.${String(grade)}`
    return te(`${key}.name`, 'zh-CN') ? `${t(`${key}.numeral`)} ${t(`${key}.name`)}` : String(grade)
  }

  function areaName(id: string | null): string {
    const area = id === null ? undefined : registry.areaById.get(id)
    return area === undefined ? (id ?? '') : named(area)
  }

  /** Area and place, or that nobody knows yet where it is. */
  function placeName(row: Pick<TicketRow, 'area_id' | 'place'>): string {
    const area = areaName(row.area_id)
    const place = row.place ?? ''
    // Many places already begin with the name of their area.
    const known = (place.startsWith(area) ? [place] : [area, place]).filter((part) => part !== '')
    return known.length === 0 ? t('queue.noPlace') : known.join(' · ')
  }

  function listed(words: readonly string[]): string {
    return words.join(isChinese() ? '、' : ', ')
  }

  /** A length of time: `12:04`, `3:05:00`, `2 d 04:10`. */
  function spanText(seconds: number): string {
    const { days, clock } = span(seconds)
    return days === 0 ? clock : t('clock.dayClock', { n: days, clock })
  }

  return {
    isChinese, listed, named, kindName, term, organisationName, eventKindName, gradeName, areaName, placeName, spanText,
  }
}
