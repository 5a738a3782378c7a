/** Uploads, and the addresses of files and thumbnails: the browser shows them with the cookie of the session. */
import { request, send } from './client'
import type { components } from './schema'

export type AttachmentUse = components['schemas']['AttachmentUse']
export type Attachment = components['schemas']['AttachmentDetail']
export type Subtask = components['schemas']['Subtask']

/** A photo of 20 MiB over a slow line. */
const UPLOAD_LIMIT_MS = 300_000

export function upload(file: File): Promise<Attachment> {
  const form = new FormData()
  form.append('file', file, file.name)
  return send<Attachment>('POST', '/attachments', form, {}, UPLOAD_LIMIT_MS)
}

export function contentUrl(id: number): string {
  return `/api/v1/attachments/${String(id)}/content`
}

export function thumbnailUrl(id: number): string {
  return `/api/v1/attachments/${String(id)}/thumbnail`
}

export function ticketSubtasks(id: number): Promise<{ items: Subtask[] }> {
  return request<{ items: Subtask[] }>('GET', `/tickets/${String(id)}/subtasks`)
}
