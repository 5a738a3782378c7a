/** Requests of the page on rules: versions, drafts, trials, putting one in force. */
import { request } from './client'
import type { components } from './schema'
import type { Page } from './shapes'

type Schemas = components['schemas']

export type RuleVersion = Schemas['RuleVersion']
export type RuleDetail = Schemas['RuleDetail']
export type RuleDocument = Schemas['RuleDocument']
export type GroupRules = Schemas['GroupRules']
export type KindRules = Schemas['KindRules']
export type RuleFinding = Schemas['RuleFinding']
export type RuleChanges = Schemas['RuleChanges']
export type RulesChecked = Schemas['RulesChecked']
export type GradePoints = Schemas['GradePoints']
export type PatternView = Schemas['PatternView']
export type DryRun = Schemas['DryRun']
export type TrialDifference = Schemas['TrialDifference']
export type TrialExample = Schemas['TrialExample']
export type TrialTotals = Schemas['TrialTotals']
export type Backtest = Schemas['Backtest']
export type BacktestDetail = Schemas['BacktestDetail']

/** A dry run computes over everything that is open; other requests answer at once. */
const DRY_RUN_LIMIT_MS = 120_000

const at = (version: number) => `/rules/${String(version)}`

export const rules = {
  versions: () => request<Page<RuleVersion>>('GET', '/rules?limit=200'),
  read: (version: number) => request<RuleDetail>('GET', at(version)),
  /** The address of the file that people read and change. */
  file: (version: number) => `/api/v1${at(version)}/file`,
  points: (version: number) => request<GradePoints>('GET', `${at(version)}/grade-points`),
  patterns: () => request<{ items: PatternView[] }>('GET', '/patterns'),
  difference: (version: number, against: number) =>
    request<RuleChanges>('GET', `${at(version)}/difference?against=${String(against)}`),
  validate: (content: RuleDocument) => request<RulesChecked>('POST', '/rules/validate', { content }),
  add: (content: RuleDocument, note: string) => request<RuleVersion>('POST', '/rules', { content, note }),
  dryRun: (version: number) => request<DryRun>('POST', `${at(version)}/dry-run`, undefined, DRY_RUN_LIMIT_MS),
  activate: (version: number, reason: string) => request<RuleVersion>('POST', `${at(version)}/activate`, { reason }),
  backtests: () => request<Page<Backtest>>('GET', '/backtests?limit=50'),
  backtest: (id: number) => request<BacktestDetail>('GET', `/backtests/${String(id)}`),
  requestBacktest: (ask: Schemas['NewBacktest']) => request<BacktestDetail>('POST', '/backtests', ask),
  cancelBacktest: (id: number) => request<BacktestDetail>('POST', `/backtests/${String(id)}/cancel`),
}
