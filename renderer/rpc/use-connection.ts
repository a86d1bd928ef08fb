import { inject, type App, type InjectionKey } from 'vue'
import type { Connection } from './connection.ts'

const key: InjectionKey<Connection> = Symbol('connection')

export function provideConnection(app: App, connection: Connection): void {
  app.provide(key, connection)
}

/** Usable in components and, through pinia's app, in stores. */
export function useConnection(): Connection {
  const connection = inject(key)
  if (connection === undefined) throw new Error('useConnection: no connection was provided to this app; call provideConnection first.')
  return connection
}
