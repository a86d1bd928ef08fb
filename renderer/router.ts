import { createRouter, createWebHashHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { isNavigating } from './ui/navigation.ts'

/** Hash addresses: deep links that work under app:// and http:// alike, and no page ever asks the host for a path. */
export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: { name: 'runs' } },
  { path: '/data', name: 'data', component: () => import('./features/datasets/DataPage.vue') },
  { path: '/data/:datasetId/:episode(\\d+)?', name: 'dataset', component: () => import('./features/datasets/DatasetPage.vue') },
  { path: '/configure', name: 'configure', component: () => import('./features/configure/ConfigurePage.vue') },
  { path: '/runs', name: 'runs', component: () => import('./features/runs/RunsPage.vue') },
  { path: '/runs/:runId', name: 'run', component: () => import('./features/runs/RunPage.vue') },
  { path: '/replay/:runId?', name: 'replay', component: () => import('./features/replay/ReplayPage.vue') },
  { path: '/simulate', name: 'simulate', component: () => import('./features/simulate/SimulatePage.vue') },
  { path: '/evaluate', name: 'evaluate', component: () => import('./features/evaluate/EvaluatePage.vue') },
  { path: '/ablations/:ablationId?', name: 'ablations', component: () => import('./features/ablations/AblationsPage.vue') },
  { path: '/review', name: 'review', component: () => import('./features/review/ReviewPage.vue') },
  { path: '/settings', name: 'settings', component: () => import('./features/settings/SettingsPage.vue') },
  { path: '/doctor', name: 'doctor', component: () => import('./features/settings/DoctorPage.vue') },
  { path: '/:rest(.*)*', name: 'missing', component: () => import('./ui/MissingPage.vue') },
]

export function createKinoraRouter(): Router {
  const router = createRouter({ history: createWebHashHistory(), routes })
  router.beforeEach(() => void (isNavigating.value = true))
  router.afterEach(() => void (isNavigating.value = false))
  router.onError(() => (isNavigating.value = false))
  return router
}
