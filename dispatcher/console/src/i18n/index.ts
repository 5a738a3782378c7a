/** The two languages of the console; zh-CN is the first, and the one whose keys the other must match. */
import { createI18n } from 'vue-i18n'

import { en } from './en'
import { zhCN } from './zh-CN'

export const LOCALES = ['zh-CN', 'en'] as const
export type LocaleName = (typeof LOCALES)[number]

export function makeI18n(locale: LocaleName) {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': zhCN, en },
  })
}
