/** A grade is told by shape, numeral, colour and border together. */
import { createApp } from 'vue'
import { describe, expect, it } from 'vitest'

import GradeBadge from '@/grade/GradeBadge.vue'
import { GRADE_LOOKS } from '@/grade/shape'
import { type LocaleName, makeI18n } from '@/i18n'

function drawn(grade: number, locale: LocaleName = 'zh-CN'): Element {
  const place = document.createElement('div')
  createApp(GradeBadge, { grade }).use(makeI18n(locale)).mount(place)
  const badge = place.querySelector('svg')
  if (badge === null) throw new Error('no badge was drawn')
  return badge
}

describe('the badge', () => {
  it.each([
    [1, 'polygon', 8, 'I', '#B00020'],
    [2, 'polygon', 3, 'II', '#D55E00'],
    [3, 'polygon', 4, 'III', '#F0C000'],
    [4, 'circle', 0, 'IV', '#0F5FA8'],
  ])('of grade %s is a %s', (grade, shape, corners, numeral, fill) => {
    const badge = drawn(grade)
    const outline = badge.querySelector(shape)
    expect(outline?.getAttribute('fill')).toBe(fill)
    expect(outline?.getAttribute('points')?.split(' ').length ?? 0).toBe(corners)
    expect(badge.querySelector('text')?.textContent).toBe(numeral)
  })

  it('is read aloud with its name in the language of the page', () => {
    expect(drawn(1).getAttribute('aria-label')).toBe('I 特别重大')
    expect(drawn(2, 'en').getAttribute('aria-label')).toBe('II Serious')
  })

  it('has fewer and thinner borders the milder the grade', () => {
    const weights = ([1, 2, 3, 4] as const).map((grade) => GRADE_LOOKS[grade].borders.reduce((sum, width) => sum + width, 0))
    expect(weights).toEqual([...weights].sort((a, b) => b - a))
    expect(GRADE_LOOKS[1].borders).toHaveLength(2)
    expect(GRADE_LOOKS[4].borders).toHaveLength(0)
  })
})
