import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Builds the page from source, so that browser tests never see an old one. */
export default async function buildPage(): Promise<void> {
  await build({ configFile: fileURLToPath(new URL('../../build/vite.renderer.config.ts', import.meta.url)), logLevel: 'warn' })
}
