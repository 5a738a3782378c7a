/** The pages: the log-in, the desk with or without an open ticket, the explanation of an incident, the admission desk. */
import { createRouter, createWebHashHistory } from 'vue-router'

import { useSession } from './store/session'
import AdmissionView from './views/AdmissionView.vue'
import DeskView from './views/DeskView.vue'
import IncidentView from './views/IncidentView.vue'
import LoginView from './views/LoginView.vue'

export function makeRouter() {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/login', name: 'login', component: LoginView },
      { path: '/', name: 'desk', component: DeskView },
      { path: '/tickets/:id(\\d+)', name: 'ticket', component: DeskView },
      { path: '/incidents/:id(\\d+)', name: 'incident', component: IncidentView },
      { path: '/admission', name: 'admission', component: AdmissionView },
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
