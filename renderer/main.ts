import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { z } from 'zod'
import App from './App.vue'
import { Connection } from './rpc/connection.ts'
import { lineOfThisPage } from './rpc/bridge.ts'
import { provideConnection } from './rpc/use-connection.ts'
import { createKinoraRouter } from './router.ts'
import './ui/tokens.css'
import './ui/base.css'

// The content security policy forbids code made at run time; without this zod tries it and the console complains.
z.config({ jitless: true })

const app = createApp(App)
const connection = new Connection(lineOfThisPage())
provideConnection(app, connection)
app.use(createPinia())
app.use(createKinoraRouter())
app.mount('#app')
void connection.run()
