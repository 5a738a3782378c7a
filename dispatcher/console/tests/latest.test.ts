/** Readings that overtake each other, and what they leave of the words of others. */
import { createPinia } from 'pinia'
import { createApp, type Ref, ref } from 'vue'
import { describe, expect, it } from 'vitest'

import { Refusal } from '@/api/problem'
import { makeI18n } from '@/i18n'
import { useLatest } from '@/shell/latest'

/** What only a component may call. */
function within<Made>(make: () => Made): Made {
  let made: Made | undefined
  createApp({ setup: () => { made = make(); return () => null } }).use(createPinia()).use(makeI18n('en')).mount(document.createElement('div'))
  return made as Made
}

/** A reading that is answered by hand, in whatever order. */
function byHand(complaints: Ref<string[]>) {
  const answers: { give: (found: number) => void; refuse: () => void }[] = []
  const taken: number[] = []
  const read = within(() => useLatest(
    complaints,
    () => new Promise<number>((give, refuse) => { answers.push({ give, refuse: () => { refuse(new Refusal('unreachable', 0, null)) } }) }),
    (found) => { taken.push(found) },
  ))
  return { read, answers, taken }
}

describe('a reading that is asked for again', () => {
  it('takes in the last alone, whichever comes first', async () => {
    const complaints = ref<string[]>([])
    const { read, answers, taken } = byHand(complaints)
    const all = [read(), read(), read()]
    answers[2]?.give(3)
    answers[0]?.give(1)
    answers[1]?.refuse()
    await Promise.all(all)
    expect(taken).toEqual([3])
    expect(complaints.value).toEqual([])
  })

  it('tells what was refused until it succeeds', async () => {
    const complaints = ref<string[]>([])
    const { read, answers } = byHand(complaints)
    const refused = read()
    answers[0]?.refuse()
    await refused
    expect(complaints.value).toHaveLength(1)
    const given = read()
    answers[1]?.give(1)
    await given
    expect(complaints.value).toEqual([])
  })

  it('leaves what another reading was refused', async () => {
    const complaints = ref<string[]>(['the thing is gone'])
    const { read, answers } = byHand(complaints)
    const refused = read()
    answers[0]?.refuse()
    await refused
    expect(complaints.value).toHaveLength(2)
    const given = read()
    answers[1]?.give(1)
    await given
    expect(complaints.value).toEqual(['the thing is gone'])
  })
})
