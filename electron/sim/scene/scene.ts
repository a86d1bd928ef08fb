import type { MainModule, MjModel } from '@mujoco/mujoco'
import { KinoraError } from '../../contract/errors.ts'
import { compileModel, objectType } from '../mujoco.ts'
import { agentCamera, arena, cameraNames, type CameraName } from './arena.ts'
import { basket, button, buttonExclusions, cabinet, cabinetExclusions, stove, stoveExclusions } from './furniture.ts'
import { fingerJoints, fingerServos, gripper } from './gripper.ts'
import { itemOf, items, type ItemKind } from './items.ts'
import { geomName, toMjcf, worldName, type Body, type GeomType, type SceneSpec } from './mjcf.ts'
import type { Surface } from './surface.ts'

export const furniture = {
  cabinet: { build: cabinet, exclusions: cabinetExclusions },
  stove: { build: stove, exclusions: stoveExclusions },
  button: { build: button, exclusions: buttonExclusions },
  basket: { build: basket, exclusions: (): [string, string][] => [] },
} as const
export type FurnitureKind = keyof typeof furniture

/** A thing in a scene: name (unique) and what it is. */
export interface Thing {
  readonly name: string
  readonly kind: ItemKind | FurnitureKind
}

export const isItem = (kind: Thing['kind']): kind is ItemKind => kind in items

/** Physics steps of 2 ms, 25 to a control step: 20 Hz as LIBERO. */
export const physicsStepS = 0.002
export const substepsPerControl = 25
export const controlHz = 20

export function sceneOf(things: readonly Thing[]): SceneSpec {
  return {
    timestep: physicsStepS,
    arena,
    cameras: [agentCamera],
    bodies: [gripper, ...things.map(({ name, kind }) => (isItem(kind) ? itemOf(kind).build(name) : furniture[kind].build(name)))],
    servos: fingerServos,
    coupledJoints: [[fingerJoints[0], fingerJoints[1]]],
    exclusions: things.flatMap(({ name, kind }) => (isItem(kind) ? [] : furniture[kind].exclusions(name))),
  }
}

/** Everything about the geoms that never changes, by MuJoCo's geom id. */
export interface GeomTable {
  readonly count: number
  readonly type: readonly GeomType[]
  /** Half sizes, [count, 3]. */
  readonly size: Float64Array
  /** Half extents of the box around the geom in its own frame, [count, 3]; planes have none. */
  readonly extent: Float64Array
  readonly body: Int32Array
  readonly surface: readonly Surface[]
  /** 1 where the geom is drawn. */
  readonly isDrawn: Uint8Array
  /** 1 where it belongs to the room, which casts no shadow. */
  readonly isArena: Uint8Array
}

export interface PlacedThing extends Thing {
  /** Root body and all below it. */
  readonly bodies: readonly number[]
  readonly root: number
  /** First of 7 qpos entries of the free joint; -1 for furniture. */
  readonly qposAddress: number
  readonly dofAddress: number
  /** Index among mocap bodies; -1 for items. */
  readonly mocap: number
}

/** A compiled scene, shared by all worlds of a thread that show the same things. */
export interface Scene {
  readonly key: string
  readonly module: MainModule
  readonly model: MjModel
  readonly things: ReadonlyMap<string, PlacedThing>
  readonly geoms: GeomTable
  readonly joints: ReadonlyMap<string, { readonly qpos: number; readonly dof: number; readonly range: readonly [number, number] }>
  readonly bodies: ReadonlyMap<string, number>
  readonly cameras: Readonly<Record<CameraName, { readonly id: number; readonly fovyDeg: number }>>
}

const scenes = new Map<string, Scene>()

/** Compiles each set of things once per thread. */
export function openScene(module: MainModule, things: readonly Thing[]): Scene {
  const key = things.map(({ name, kind }) => `${name}=${kind}`).join(' ')
  let scene = scenes.get(key)
  if (!scene) scenes.set(key, (scene = compileScene(module, key, things)))
  return scene
}

function compileScene(module: MainModule, key: string, things: readonly Thing[]): Scene {
  const spec = sceneOf(things)
  const model = compileModel(module, toMjcf(spec))
  const idOf = (type: number, name: string): number => {
    const id = module.mj_name2id(model, type, name)
    if (id < 0) throw new KinoraError('simulation', `The scene has no ${name}.`, 'This is a bug in Kinora. Please report it with the task and seed.')
    return id
  }
  const bodies = new Map<string, number>()
  const joints = new Map<string, { qpos: number; dof: number; range: [number, number] }>()
  const jointQpos: Int32Array = model.jnt_qposadr
  const jointDof: Int32Array = model.jnt_dofadr
  const mocapOf: Int32Array = model.body_mocapid
  const visit = (body: Body): number[] => {
    const id = idOf(objectType.body, body.name)
    bodies.set(body.name, id)
    if (body.joint) {
      const joint = idOf(objectType.joint, body.joint.name)
      joints.set(body.joint.name, { qpos: jointQpos[joint]!, dof: jointDof[joint]!, range: [...(body.joint.range ?? [0, 0])] as [number, number] })
    }
    return [id, ...(body.children ?? []).flatMap(visit)]
  }
  visit(gripper)
  const placed = new Map<string, PlacedThing>()
  spec.bodies.slice(1).forEach((body, index) => {
    const thing = things[index]!
    const ids = visit(body)
    const joint = body.joint ? joints.get(body.joint.name)! : undefined
    placed.set(thing.name, { ...thing, bodies: ids, root: ids[0]!, qposAddress: joint?.qpos ?? -1, dofAddress: joint?.dof ?? -1, mocap: mocapOf[ids[0]!]! })
  })
  const camera = (name: CameraName, fovyDeg: number) => ({ id: idOf(objectType.camera, name), fovyDeg })
  return {
    key,
    module,
    model,
    things: placed,
    joints,
    bodies,
    geoms: geomTable(model, spec, (name) => idOf(objectType.geom, name)),
    cameras: { agentview: camera(cameraNames[0], agentCamera.fovyDeg), robot0_eye_in_hand: camera(cameraNames[1], gripper.cameras![0]!.fovyDeg) },
  }
}

function geomTable(model: MjModel, spec: SceneSpec, idOf: (name: string) => number): GeomTable {
  const count: number = model.ngeom
  const type: GeomType[] = new Array(count)
  const surface: Surface[] = new Array(count)
  const size = new Float64Array(count * 3)
  const extent = new Float64Array(count * 3)
  const isDrawn = new Uint8Array(count)
  const isArena = new Uint8Array(count)
  const enter = (bodyName: string, geoms: Body['geoms']): void =>
    geoms.forEach((geom, index) => {
      const id = idOf(geomName(bodyName, index))
      const [a = 0, b = 0, c = 0] = geom.size
      type[id] = geom.type
      surface[id] = geom.surface
      isDrawn[id] = geom.isHidden ? 0 : 1
      isArena[id] = bodyName === worldName ? 1 : 0
      size.set([a, b, c], id * 3)
      extent.set(extentOf(geom.type, a, b, c), id * 3)
    })
  enter(worldName, spec.arena)
  const visit = (body: Body): void => {
    enter(body.name, body.geoms)
    body.children?.forEach(visit)
  }
  spec.bodies.forEach(visit)
  return { count, type, size, extent, body: Int32Array.from(model.geom_bodyid as Int32Array), surface, isDrawn, isArena }
}

function extentOf(type: GeomType, a: number, b: number, c: number): [number, number, number] {
  switch (type) {
    case 'plane': return [Infinity, Infinity, 0]
    case 'sphere': return [a, a, a]
    case 'cylinder': return [a, a, b]
    case 'capsule': return [a, a, a + b]
    default: return [a, b, c]
  }
}
