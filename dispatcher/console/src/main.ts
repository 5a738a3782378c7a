/** Puts the console together and starts it. */
import './style/element'
import 'element-plus/theme-chalk/dark/css-vars.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import './style/tokens.css'
import './style/page.css'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import { whenLoggedOut } from './api/client'
import App from './App.vue'
import { makeI18n } from './i18n'
import { makeRouter } from './router'
import { usePreferences } from './store/preferences'
import { useSession } from './store/session'

const app = createApp(App)
app.use(createPinia())
app.use(makeI18n(usePreferences().locale))

const router = makeRouter()
app.use(router)
whenLoggedOut(() => {
  useSession().forget()
  if (router.currentRoute.value.name !== 'login') void router.push({ name: 'login' })
})
app.mount('#app')
