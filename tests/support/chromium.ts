/**
 * Starts the headless Chromium that comes inside the npm package `@sparticuz/chromium`, so that browser tests need
 * nothing but `npm ci`: no download, no system browser. The package is unpacked once per machine and version, next to
 * its final place and then renamed, so that test files which start at the same moment cannot see half a browser.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'

const run = promisify(execFile)
const packageFolder = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', '..')

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}

/** Folder with the unpacked browser. `KINORA_TEST_CHROMIUM` names another executable, for instance Debian's. */
async function unpackedFolder(): Promise<string> {
  const user = typeof process.getuid === 'function' ? process.getuid() : 'user'
  const folder = join(tmpdir(), `kinora-chromium-${packageVersion()}-${user}`)
  if (existsSync(join(folder, 'chromium'))) return folder
  const staging = await mkdtemp(`${folder}-staging-`)
  // The package unpacks into os.tmpdir(); this Lambda name makes it unpack its shared libraries, too.
  const env = { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' }
  const program = `const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath()`
  await run(process.execPath, ['--input-type=module', '-e', program], { env, cwd: packageFolder, timeout: 120_000 })
  try {
    await rename(staging, folder)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!existsSync(join(folder, 'chromium'))) throw error
  }
  return folder
}

/** Libraries of the package stand in only where the system lacks one: mixed with newer system ones they could clash. */
function libraryEnvironment(folder: string): Record<string, string> {
  const listed = spawnSync('ldd', [join(folder, 'chromium')], { encoding: 'utf8' })
  const isComplete = listed.status === 0 && !listed.stdout.includes('not found')
  const hasFonts = existsSync('/etc/fonts/fonts.conf')
  return {
    ...(isComplete ? {} : { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') }),
    ...(hasFonts ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }),
  }
}

const quietFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-domain-reliability',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
]

/** A headless browser; close it yourself. Rejects with the loader's message if it cannot start. */
export async function launchChromium(options: { readonly args?: readonly string[] } = {}): Promise<Browser> {
  const given = process.env['KINORA_TEST_CHROMIUM']
  const folder = given === undefined ? await unpackedFolder() : dirname(given)
  const environment = given === undefined ? libraryEnvironment(folder) : {}
  const inherited = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  return await chromium.launch({
    executablePath: given ?? join(folder, 'chromium'),
    args: [...quietFlags, ...(options.args ?? [])],
    env: { ...inherited, ...environment },
    chromiumSandbox: false,
  })
}
