/** Both languages say everything: the same keys, the same places to fill in, nothing empty. */
import { describe, expect, it } from 'vitest'

import { en } from '@/i18n/en'
import { zhCN } from '@/i18n/zh-CN'

function flat(tree: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree) as [string, unknown][]) {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof value === 'string') found.set(here, value)
    else if (typeof value === 'object' && value !== null) for (const [inner, text] of flat(value, here)) found.set(inner, text)
  }
  return found
}

const chinese = flat(zhCN)
const english = flat(en)

function places(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()
}

describe('the locales', () => {
  it('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })

  it('fill in the same things', () => {
    for (const [key, text] of chinese) expect(places(english.get(key) ?? ''), key).toEqual(places(text))
  })

  it('leave nothing empty, and Chinese texts are Chinese', () => {
    for (const [key, text] of english) expect(text, key).not.toBe('')
    const numerals = /^(I{1,3}|IV)$/
    for (const [key, text] of chinese) {
      const words = text.replace(/\{\w+\}/g, '')
      if (/[A-Za-z]/.test(words) && !numerals.test(words)) expect(words, key).toMatch(/[\u4e00-\u9fff]/)
    }
  })
})
