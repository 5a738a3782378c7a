/** The address of every page; who is not logged in comes to the log-in first. */
import { createRouter, createWebHashHistory } from 'vue-router'

import { useSession } from './store/session'
import AccountabilityView from './views/AccountabilityView.vue'
import AdmissionView from './views/AdmissionView.vue'
import CallView from './views/CallView.vue'
import CallbackView from './views/CallbackView.vue'
import DeskView from './views/DeskView.vue'
import DisclosuresView from './views/DisclosuresView.vue'
import EvaluationsView from './views/EvaluationsView.vue'
import HazardsView from './views/HazardsView.vue'
import IncidentView from './views/IncidentView.vue'
import KpiView from './views/KpiView.vue'
import LoginView from './views/LoginView.vue'
import RatesView from './views/RatesView.vue'
import RostersView from './views/RostersView.vue'
import RulesView from './views/RulesView.vue'

export function makeRouter() {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/login', name: 'login', component: LoginView },
      { path: '/', name: 'desk', component: DeskView },
      { path: '/tickets/:id(\\d+)', name: 'ticket', component: DeskView },
      { path: '/incidents/:id(\\d+)', name: 'incident', component: IncidentView },
      { path: '/accountability', name: 'accountability', component: AccountabilityView },
      { path: '/admission', name: 'admission', component: AdmissionView },
      { path: '/calls', name: 'calls', component: CallView },
      { path: '/callbacks', name: 'callbacks', component: CallbackView },
      { path: '/disclosures', name: 'disclosures', component: DisclosuresView },
      { path: '/evaluations', name: 'evaluations', component: EvaluationsView },
      { path: '/hazards', name: 'hazards', component: HazardsView },
      { path: '/kpi', name: 'kpi', component: KpiView },
      { path: '/rates', name: 'rates', component: RatesView },
      { path: '/rosters', name: 'rosters', component: RostersView },
      { path: '/rules', name: 'rules', component: RulesView },
      { path: '/:rest(.*)*', redirect: { name: 'desk' } },
    ],
  })
  router.beforeEach(async (to) => {
    const session = useSession()
    if (to.name === 'login' || session.isLoggedIn) return true
    try {
      if (await session.resume()) return true
    } catch {
      // The server does not answer: the log-in page says so when it is used.
    }
    return { name: 'login' }
  })
  return router
}
