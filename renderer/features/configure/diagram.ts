import { tokenGrid, type TrainConfig } from '../../../electron/contract/config.ts'
import { latentShape, motionFieldShape, motionTokens, usesLatent } from '../../../electron/contract/motion-field.ts'
import { text } from '../../text/en.ts'

const words = text.configure.diagram
/** Of a line's type, on average. */
const letterWidth = 5.6

/** A box of the drawing, in its coordinates (720 x 412). */
export interface Box {
  readonly id: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly title: string
  readonly lines: readonly string[]
  readonly tone: 'input' | 'prefix' | 'action' | 'motion' | 'vae'
}

export interface Arrow {
  readonly d: string
  readonly label?: string
  readonly at?: readonly [x: number, y: number]
}

/** What the drawing of a configuration has in it. */
export interface Drawing {
  readonly boxes: readonly Box[]
  readonly arrows: readonly Arrow[]
  /** The loss, and what else holds for the whole. */
  readonly notes: readonly string[]
}

/** Numbers per token; null where the dataset does not tell. */
export interface Dimensions {
  readonly state: number | null
  readonly action: number | null
}

export function drawModel(config: TrainConfig, dimensions: Dimensions): Drawing {
  const acts = config.stage !== 'motion-warm-up'
  const hasMotion = config.motion.target !== 'none'
  const parts = [drawPrefix(config), ...(acts ? [drawActing(config, dimensions)] : []), ...(hasMotion ? [drawMotion(config)] : [])]
  const { lambda, control } = config.motion
  return {
    boxes: parts.flatMap(({ boxes }) => boxes.map((box) => ({ ...box, lines: box.lines.map((line) => cut(line, box.width)) }))),
    arrows: parts.flatMap(({ arrows }) => arrows),
    notes: [
      !hasMotion ? words.noMotion : acts ? words.jointLoss(lambda) : words.warmUp,
      ...(hasMotion && control !== 'none' ? [words.controls[control]] : []),
      ...(config.startFrom === null ? [] : [words.startFrom(config.startFrom)]),
    ],
  }
}

type Part = Pick<Drawing, 'boxes' | 'arrows'>

function drawPrefix({ data, backbone, stage, warmUpBackbone, ...config }: TrainConfig): Part {
  const grid = whole(tokenGrid({ data, backbone }))
  const tokens = grid === null ? null : data.cameras.length * grid * grid + backbone.maxTextTokens
  const isFrozen = stage === 'motion-warm-up' && warmUpBackbone === 'frozen'
  const stem = { merge: [words.patches(backbone.patchSizePx), words.channels(backbone.stemChannels)], conv: [words.channels(backbone.stemChannels)], patch: [words.patches(backbone.patchSizePx)] }[backbone.stem]
  return {
    boxes: [
      { id: 'cameras', x: 8, y: 12, width: 138, height: 62, title: words.cameras(data.cameras.length), lines: [`${data.imageSizePx} × ${data.imageSizePx} px`], tone: 'input' },
      { id: 'instruction', x: 8, y: 88, width: 138, height: 62, title: words.instruction, lines: [words.upToTokens(backbone.maxTextTokens), words.vocabulary(count(backbone.vocabularySize))], tone: 'input' },
      { id: 'stem', x: 176, y: 12, width: 126, height: stem.length > 1 ? 78 : 62, title: words.stem(backbone.stem), lines: [grid === null ? words.notWhole : words.tokensEach(grid), ...stem], tone: 'prefix' },
      { id: 'backbone', x: 332, y: 12, width: 196, height: 122, title: words.backbone, lines: [words.tokens(count(tokens)), words.blocks(backbone.depth, backbone.heads), words.width(backbone.width, backbone.mlpRatio), isFrozen ? words.frozen : words.seesAll], tone: 'prefix' },
    ],
    arrows: [{ d: 'M146 43H170' }, { d: 'M302 43H326' }, { d: 'M146 119H326' }, ...(config.motion.target === 'none' ? [] : [{ d: 'M528 73H548V347H534', label: words.conditioning[config.motion.conditioning], at: [556, 150] } as const])],
  }
}

function drawActing({ backbone, action }: TrainConfig, dimensions: Dimensions): Part {
  const hasState = action.variant === 'pi0'
  const chunk = `${action.chunk} × ${count(dimensions.action)}`
  const middle = 178 + 38
  return {
    boxes: [
      { id: 'actions-in', x: 8, y: 178, width: 138, height: 78, title: words.noisyActions, lines: [chunk, hasState ? words.state(count(dimensions.state)) : words.noState, words.flowTimes(action.flowTimesPerPrefix)], tone: 'input' },
      { id: 'expert', x: 332, y: 170, width: 196, height: 92, title: words.expert(action.variant), lines: [words.blocks(backbone.depth, backbone.heads), words.width(action.width, action.mlpRatio), words.euler(action.eulerSteps)], tone: 'action' },
      { id: 'actions-out', x: 574, y: 178, width: 138, height: 76, title: words.chunk, lines: [chunk, words.executed(action.replanSteps), words.startNoise[action.startNoise]], tone: 'action' },
    ],
    arrows: [{ d: 'M380 134V164', label: words.sharedAttention, at: [388, 156] }, { d: `M146 ${middle}H326`, label: words.time, at: [170, middle - 6] }, { d: 'M528 216H568' }],
  }
}

function drawMotion(config: TrainConfig): Part {
  const { motion, vae } = config
  const isWords = motion.target === 'words'
  const isLatent = usesLatent(config)
  const [channels, side] = isLatent ? latentShape(config) : motionFieldShape(config)
  const tokens = whole(motionTokens(config))
  const each = motion.cameras.length > 1 ? `${motion.cameras.length} × ` : ''
  const input: Box = isWords
    ? { id: 'noise', x: 8, y: 306, width: 138, height: 62, title: words.cells, lines: [`${each}${motion.wordGrid} × ${motion.wordGrid}`], tone: 'input' }
    : { id: 'noise', x: 8, y: 306, width: 138, height: 78, title: words.noise, lines: [whole(side) === null ? words.notWhole : `${each}${channels} × ${side} × ${side}`, isLatent ? words.latentPatches(motion.patchSize) : words.patches(motion.pixelPatchPx)], tone: 'input' }
  const head: Box = { id: 'motion', x: 332, y: 294, width: 196, height: 110, title: isWords ? words.wordHead : words.motionHead, lines: [words.tokens(count(tokens)), words.blocks(motion.depth, motion.heads), words.width(motion.width, motion.mlpRatio), isWords ? words.atOnce : `${words.euler(motion.eulerSteps)}, ${words.adaLn[motion.adaLn]}`], tone: 'motion' }
  const target: Box = { id: 'image', x: 574, y: isLatent ? 358 : 314, width: 138, height: 46, title: words.targets[motion.target], lines: [words.ahead(motion.horizonSteps)], tone: 'motion' }
  const decoder: Box = { id: 'vae', x: 574, y: 288, width: 138, height: 60, title: words.vae, lines: [words.vaeLevels(vae.foldPx, vae.blockChannels, vae.layersPerBlock), vae.weights === null ? words.trainedHere(vae.steps) : words.imported(vae.weights)], tone: 'vae' }
  return {
    boxes: [input, head, ...(isLatent ? [decoder] : []), target],
    arrows: [{ d: 'M146 337H326', ...(isWords ? {} : { label: words.time, at: [170, 331] as const }) }, ...(isLatent ? [{ d: 'M528 317H568' }, { d: 'M643 348V352' }] : [{ d: 'M528 337H568' }])],
  }
}

/** Which block of tokens (row) sees which (column): openpi's block mask, as electron/model/masks.ts builds it. */
export function blockMask({ stage, action }: Pick<TrainConfig, 'stage' | 'action'>): { readonly blocks: readonly ('prefix' | 'state' | 'actions')[]; readonly sees: readonly (readonly boolean[])[] } {
  const acting = stage === 'motion-warm-up' ? [] : action.variant === 'pi0' ? (['state', 'actions'] as const) : (['actions'] as const)
  const blocks = ['prefix', ...acting] as const
  return { blocks, sees: blocks.map((_, query) => blocks.map((_, key) => key <= query)) }
}

/** Long lists and names end at their box. */
function cut(line: string, width: number): string {
  const most = Math.floor((width - 16) / letterWidth)
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

const count = (value: number | null): string => (value === null ? '?' : value.toLocaleString('en-US'))

function whole(value: number): number | null {
  return Number.isInteger(value) && value > 0 ? value : null
}
