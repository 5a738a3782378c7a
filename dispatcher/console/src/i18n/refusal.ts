/** What a refusal says to the officer: who won, which role is missing, which field is wrong. */
import { useI18n } from 'vue-i18n'

import { Refusal } from '@/api/problem'

import { useNaming } from './naming'
import { timeOfDay } from './time'

export function useRefusalText() {
  const { t, te } = useI18n()
  const { term, areaName } = useNaming()

  /** Lines to show, the most important first. */
  return function refusalText(error: unknown): string[] {
    if (!(error instanceof Refusal)) return [t('error.unreadable', { status: String(error) })]
    const { problem } = error
    if (problem === null) return [t(`error.${error.code}`, { status: error.status })]
    switch (problem.code) {
      case 'version_conflict':
        return [
          problem.winner
            ? t('error.conflictWinner', {
                actor: problem.winner.actor_name,
                time: timeOfDay(problem.winner.at),
                event: term('event', problem.winner.event),
                state: term('state', problem.state ?? ''),
              })
            : t('error.version_conflict'),
        ]
      case 'transition_not_allowed':
        return [t('error.transition_not_allowed', { state: term('state', problem.state ?? '') })]
      case 'forbidden':
        if (problem.missing_role) return [t('error.missingRole', { role: term('role', problem.missing_role) })]
        if (problem.missing_area) return [t('error.missingArea', { area: areaName(problem.missing_area) })]
        return [t('error.forbidden')]
      case 'guard_refused':
        return [
          t('error.guard_refused', { guard: problem.guard ? term('guard', problem.guard) : problem.detail }),
          ...(problem.elsewhere ? [t('evidence.elsewhere', { where: problem.elsewhere.join('; ') })] : []),
          ...(problem.tickets ? [t('error.mergeFirst', { tickets: problem.tickets.join('; ') })] : []),
        ]
      case 'invalid_request':
        return [
          t('error.invalid_request'),
          ...(problem.errors ?? []).map((wrong) =>
            t('error.invalidField', { field: term('field', String(wrong.loc.at(-1) ?? '')), message: wrong.msg }),
          ),
        ]
      default:
        return [te(`error.${problem.code}`, 'zh-CN') ? t(`error.${problem.code}`, { instance: problem.instance ?? '' }) : problem.title]
    }
  }
}
