/** The live feed: parsing, resuming after a break without loss or repetition, gathering a frame. */
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { StreamItem } from '@/api/model'
import { LiveFeed, pauseAfter } from '@/live/feed'
import { FrameQueue } from '@/live/frame'
import { sortOut } from '@/live/route'
import { SseParser } from '@/live/sse'

import { incident, ticket } from './rows'

afterEach(() => { vi.unstubAllGlobals() })

describe('the parser', () => {
  it('reads events in whatever pieces they come', () => {
    const parser = new SseParser()
    const text = 'retry: 1000\n: position 7\n\nid: 8\nevent: ticket.opened\ndata: {"a":\ndata: 1}\n\n'
    const events = []
    const comments = []
    for (const letter of text) {
      const taken = parser.take(letter)
      events.push(...taken.events)
      comments.push(...taken.comments)
    }
    expect(events).toEqual([{ id: '8', event: 'ticket.opened', data: '{"a":\n1}' }])
    expect(comments).toEqual(['position 7'])
  })

  it('takes any line end and tells heart-beats', () => {
    const taken = new SseParser().take(': ping\r\n\r\nid: 1\r\ndata: x\r\n\r\n')
    expect(taken.comments).toEqual(['ping'])
    expect(taken.events).toEqual([{ id: '1', event: 'message', data: 'x' }])
  })
})

/** A server whose every connection says the given text and then ends; `asked` collects what was resumed after. */
function streaming(connections: string[]): { asked: (string | null)[] } {
  const asked: (string | null)[] = []
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get('Last-Event-ID'))
    const text = connections.shift()
    if (text === undefined) return new Promise(() => undefined)
    return Promise.resolve(new Response(text))
  })
  return { asked }
}

function said(seq: number): string {
  return `id: ${String(seq)}\nevent: clock.moved\ndata: {"seq":${String(seq)},"at":"2026-11-22T12:00:00Z","topic":"clock.moved"}\n\n`
}

/** Follows until `until` connections have been lost. */
async function followed(until: number): Promise<{ seqs: number[]; opened: boolean[] }> {
  const seqs: number[] = []
  const opened: boolean[] = []
  let losses = 0
  await new Promise<void>((resolve) => {
    const feed: LiveFeed = new LiveFeed({
      opened: (resumed) => { opened.push(resumed) },
      beat: () => undefined,
      items: (items) => { seqs.push(...items.map((item) => item.seq)) },
      lost: () => {
        losses += 1
        if (losses < until) return
        feed.stop()
        resolve()
      },
    })
    void feed.run()
  })
  return { seqs, opened }
}

describe('the feed', () => {
  it('resumes after the last position and takes a replayed item once', async () => {
    const { asked } = streaming([`: position 4\n\n${said(5)}${said(6)}`, `: position 8\n\n${said(6)}${said(7)}${said(8)}`])
    const { seqs, opened } = await followed(2)
    expect(asked.slice(0, 2)).toEqual([null, '6'])
    expect(seqs).toEqual([5, 6, 7, 8])
    expect(opened).toEqual([false, true])
  })

  it('resumes after the position of a stream that said nothing yet', async () => {
    const { asked } = streaming([': position 41\n\n', ': position 41\n\n'])
    await followed(2)
    expect(asked[1]).toBe('41')
  })

  it('begins anew when the server stands before what it saw: that is another database', async () => {
    streaming([`: position 99\n\n${said(100)}`, `: position 3\n\n${said(4)}`])
    const { seqs, opened } = await followed(2)
    expect(opened).toEqual([false, false])
    expect(seqs).toEqual([100, 4])
  })

  it('waits longer after each failure, with a limit and with jitter', () => {
    const pauses = [0, 1, 2, 3, 10].map((failures) => pauseAfter(failures, 0.999))
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
    expect(pauses.at(-1)).toBeLessThanOrEqual(15_000)
    expect(pauseAfter(2, 0)).toBeLessThan(pauseAfter(2, 0.9))
  })
})

it('a frame is drawn once, however much came', async () => {
  const drains: number[][] = []
  await new Promise<void>((resolve) => {
    const frames = new FrameQueue<number>((items) => {
      drains.push(items)
      resolve()
    })
    for (let item = 0; item < 500; item += 1) frames.push(item)
  })
  expect(drains).toHaveLength(1)
  expect(drains[0]).toHaveLength(500)
})

it('of several items about one thing in a frame the last counts', () => {
  const at = '2026-11-22T12:00:00Z'
  const items: StreamItem[] = [
    { seq: 1, at, topic: 'ticket.opened', ticket: ticket(1, { state: 'new' }) },
    { seq: 2, at, topic: 'incident.changed', incident: incident(1) },
    { seq: 3, at, topic: 'ticket.changed', ticket: ticket(1, { state: 'accepted' }) },
    { seq: 4, at, topic: 'clock.moved' },
  ]
  const news = sortOut(items)
  expect(news.tickets.map((row) => row.state)).toEqual(['accepted'])
  expect(news.incidents).toHaveLength(1)
  expect(news.clockMoved).toBe(true)
})
