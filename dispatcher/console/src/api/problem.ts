/** A refusal of the server, or no answer at all, as one error type with a stable code. */
import type { ProblemCode, ProblemDocument } from './model'

export type RefusalCode = ProblemCode | 'unreachable' | 'unreadable'

export class Refusal extends Error {
  readonly code: RefusalCode
  readonly status: number
  readonly problem: ProblemDocument | null

  constructor(code: RefusalCode, status: number, problem: ProblemDocument | null) {
    super(`${code} (${String(status)})`)
    this.name = 'Refusal'
    this.code = code
    this.status = status
    this.problem = problem
  }
}

/** Reads a refused answer; an answer that is no problem document keeps its status under the code `unreadable`. */
export async function refusalOf(response: Response): Promise<Refusal> {
  try {
    const body: unknown = await response.json()
    if (isProblem(body)) return new Refusal(body.code, response.status, body)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return new Refusal('unreadable', response.status, null)
}

function isProblem(body: unknown): body is ProblemDocument {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}
