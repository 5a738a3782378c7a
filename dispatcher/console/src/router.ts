/** The pages: the log-in, and the desk with or without an open ticket. */
import { createRouter, createWebHashHistory } from 'vue-router'

import { useSession } from './store/session'
import DeskView from './views/DeskView.vue'
import LoginView from './views/LoginView.vue'

export function makeRouter() {
  const router = createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/login', name: 'login', component: LoginView },
      { path: '/', name: 'desk', component: DeskView },
      { path: '/tickets/:id(\\d+)', name: 'ticket', component: DeskView },
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
