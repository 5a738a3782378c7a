/** Who is logged in. The cookie holds the session; the page keeps only the user. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api } from '@/api/client'
import type { Permission, User } from '@/api/model'
import { Refusal } from '@/api/problem'

/** Says that this browser logged in before: without it nobody needs to be asked. The session itself is in the cookie. */
const HINT = 'rongan.session'

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  const isLoggedIn = computed(() => user.value !== null)

  /** Whether the server would let the user: what it would refuse is not offered. */
  function may(permission: Permission): boolean {
    return user.value?.permissions.includes(permission) ?? false
  }

  /** Finds out whether the browser still has a session; true if so. */
  async function resume(): Promise<boolean> {
    if (localStorage.getItem(HINT) === null) return false
    try {
      user.value = await api.me()
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error
      forget()
    }
    return user.value !== null
  }

  /** Logs in; a refusal is thrown to the form. */
  async function logIn(login: string, password: string): Promise<void> {
    const session = await api.logIn(login, password)
    // The cookie is what counts from here on; a browser that did not keep it must hear so at once.
    user.value = await api.me()
    if (user.value.id !== session.user.id) throw new Refusal('unreadable', 0, null)
    localStorage.setItem(HINT, 'yes')
  }

  async function logOut(): Promise<void> {
    try {
      await api.logOut()
    } finally {
      forget()
    }
  }

  function forget(): void {
    user.value = null
    localStorage.removeItem(HINT)
  }

  return { user, isLoggedIn, may, resume, logIn, logOut, forget }
})
