/** Clocks on the screen. */
import { describe, expect, it } from 'vitest'

import { countdown, span } from '@/store/countdown'

const MINUTE = 60_000

describe('countdown', () => {
  it.each([
    ['is calm at the start', 0, 'calm', 0, 600],
    ['is calm just before four fifths', 8 * MINUTE - 1000, 'calm', 0.798, 121],
    ['is near from four fifths on', 8 * MINUTE, 'near', 0.8, 120],
    ['is over at the due time', 10 * MINUTE, 'over', 1, 0],
    ['counts on when it is over', 12 * MINUTE, 'over', 1, -120],
    ['does not run backwards before its start', -MINUTE, 'calm', 0, 660],
  ])('%s', (_, now_ms, phase, fraction, remaining_s) => {
    const state = countdown(now_ms, 0, 10 * MINUTE)
    expect(state.phase).toBe(phase)
    expect(state.fraction).toBeCloseTo(fraction, 3)
    expect(state.remaining_s).toBe(remaining_s)
  })

  it('of a clock that is due when it starts is over at once and never divides by nothing', () => {
    expect(countdown(5, 5, 5)).toEqual({ fraction: 1, phase: 'over', remaining_s: 0 })
    expect(countdown(4, 5, 5).fraction).toBe(0)
  })
})

describe('span', () => {
  it.each([
    [0, 0, '00:00'],
    [59.9, 0, '00:59'],
    [-61, 0, '01:01'],
    [3_600, 0, '1:00:00'],
    [86_399, 0, '23:59:59'],
    [86_400 + 3_660, 1, '01:01'],
  ])('%s s', (seconds, days, clock) => {
    expect(span(seconds)).toEqual({ days, clock })
  })
})
