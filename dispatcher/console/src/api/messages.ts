/** What people were told about a ticket, and what became of it. */
import { request } from './client'
import type { components } from './schema'

export type Message = components['schemas']['Message']
export type MessageDetail = components['schemas']['MessageDetail']

/** More than a page says nothing that the first page does not. */
const SHOWN_MAX = 100

export function ticketMessages(ticketId: number): Promise<{ items: Message[] }> {
  return request<{ items: Message[] }>('GET', `/messages?ticket=${String(ticketId)}&limit=${String(SHOWN_MAX)}`)
}

export function readMessage(id: number): Promise<MessageDetail> {
  return request<MessageDetail>('GET', `/messages/${String(id)}`)
}
