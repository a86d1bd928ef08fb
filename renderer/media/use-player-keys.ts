import { useKeyScope } from '../commands/use-commands.ts'
import { speeds, type FrameClock } from './frame-clock.ts'
import type { Lockstep } from './use-lockstep.ts'

/** The next faster or slower of the offered speeds. */
export function neighbourSpeed(speed: number, by: 1 | -1): number {
  const at = speeds.findIndex((one) => one >= speed - 1e-9)
  return speeds[Math.min(speeds.length - 1, Math.max(0, (at < 0 ? speeds.length - 1 : at) + by))]!
}

/** Keys of every player, active without a click on it. */
export function usePlayerKeys(player: Lockstep, episodes: { readonly next: () => void; readonly previous: () => void }): void {
  const on = (change: (clock: FrameClock) => void) => () => player.command(change)
  useKeyScope('player', {
    playPause: on((clock) => clock.toggle()),
    forward: on((clock) => clock.shuttle(1)),
    reverse: on((clock) => clock.shuttle(-1)),
    nextFrame: on((clock) => clock.step(1)),
    previousFrame: on((clock) => clock.step(-1)),
    forwardTen: on((clock) => clock.step(10)),
    backTen: on((clock) => clock.step(-10)),
    forwardSecond: on((clock) => clock.stepSeconds(1)),
    backSecond: on((clock) => clock.stepSeconds(-1)),
    firstFrame: on((clock) => clock.step(-clock.frameCount)),
    lastFrame: on((clock) => clock.step(clock.frameCount)),
    faster: on((clock) => clock.setSpeed(neighbourSpeed(clock.speed, 1))),
    slower: on((clock) => clock.setSpeed(neighbourSpeed(clock.speed, -1))),
    loop: on((clock) => (clock.isLooping = !clock.isLooping)),
    nextEpisode: episodes.next,
    previousEpisode: episodes.previous,
  })
}
