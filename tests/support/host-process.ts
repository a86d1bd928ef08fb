/** A headless host in a process of its own, over engines that train nothing: `host-process <home>`. Prints its address. */
import { startHeadless } from '../../electron/host/server.ts'
import { resolveHome } from '../../electron/platform/paths.ts'
import { spawnIdleEngine } from './idle-engine.ts'

const host = await startHeadless({ home: resolveHome(process.argv[2]), spawn: spawnIdleEngine })
process.stdout.write(`${JSON.stringify({ url: host.url, desk: host.workbench.desk.pid })}\n`)
