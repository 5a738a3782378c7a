/** What an officer chose for this browser: language, theme, single keys, sound. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

import { LOCALES, type LocaleName } from '@/i18n'

export type Theme = 'light' | 'dark'

const KEY = 'rongan.preferences'

interface Stored {
  locale: LocaleName
  theme: Theme
  singleKeys: boolean
  sound: boolean
}

export const usePreferences = defineStore('preferences', () => {
  const stored = read()
  const locale = ref<LocaleName>(stored.locale)
  const theme = ref<Theme>(stored.theme)
  const singleKeys = ref(stored.singleKeys)
  const sound = ref(stored.sound)

  watch([locale, theme, singleKeys, sound], () => {
    const chosen: Stored = { locale: locale.value, theme: theme.value, singleKeys: singleKeys.value, sound: sound.value }
    localStorage.setItem(KEY, JSON.stringify(chosen))
  })

  return { locale, theme, singleKeys, sound }
})

function read(): Stored {
  const prefersDark = window.matchMedia('(prefers-color-scheme: dark)').matches
  const chosen: Stored = { locale: 'zh-CN', theme: prefersDark ? 'dark' : 'light', singleKeys: true, sound: true }
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (typeof kept !== 'object' || kept === null) return chosen
    if ('locale' in kept && LOCALES.some((name) => name === kept.locale)) chosen.locale = kept.locale as LocaleName
    if ('theme' in kept && (kept.theme === 'light' || kept.theme === 'dark')) chosen.theme = kept.theme
    if ('singleKeys' in kept && typeof kept.singleKeys === 'boolean') chosen.singleKeys = kept.singleKeys
    if ('sound' in kept && typeof kept.sound === 'boolean') chosen.sound = kept.sound
  } catch {
    // Somebody else's text under our key: the defaults stand.
  }
  return chosen
}
