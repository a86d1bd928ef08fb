import type { Quat, Vec3 } from '../pose.ts'
import type { Surface } from './surface.ts'

/**
 * A scene as typed values, written out as MJCF. Only what the tabletop needs: primitive geoms, free, slide and hinge
 * joints, position servos, cameras, joint couplings. Angles are radians. How a geom looks stays outside of MJCF: the
 * renderer reads `surface`.
 */
export type GeomType = 'plane' | 'box' | 'sphere' | 'cylinder' | 'capsule' | 'ellipsoid'

export interface Geom {
  readonly type: GeomType
  /** MuJoCo's half sizes in metres. */
  readonly size: readonly number[]
  readonly surface: Surface
  readonly pos?: Vec3
  readonly quat?: Quat
  /** Kilograms; 0 for shapes that only look. */
  readonly mass?: number
  /** Shapes that only look take no part in contacts. */
  readonly isVisualOnly?: boolean
  /** Contact only, never drawn: the coarse stand-in of something that is drawn finer. */
  readonly isHidden?: boolean
  readonly friction?: Vec3
  readonly condim?: 3 | 4 | 6
}

export interface Joint {
  readonly name: string
  readonly type: 'free' | 'slide' | 'hinge'
  readonly axis?: Vec3
  readonly range?: readonly [number, number]
  readonly damping?: number
  readonly frictionLoss?: number
  readonly stiffness?: number
  readonly springReference?: number
  readonly armature?: number
}

export interface CameraSpec {
  readonly name: string
  readonly pos: Vec3
  readonly quat: Quat
  /** Vertical field of view in degrees; pictures are square. */
  readonly fovyDeg: number
}

export interface Body {
  readonly name: string
  readonly pos?: Vec3
  readonly quat?: Quat
  readonly joint?: Joint
  /** Furniture that a seed may place anywhere but physics never moves. Child of the world only. */
  readonly isMocap?: boolean
  /** Replaces the inertia of the geoms: mass at the body's origin. */
  readonly inertia?: { readonly mass: number; readonly diagonal: Vec3 }
  readonly isWeightless?: boolean
  readonly geoms: readonly Geom[]
  readonly cameras?: readonly CameraSpec[]
  readonly children?: readonly Body[]
}

export interface Servo {
  readonly name: string
  readonly joint: string
  readonly stiffness: number
  readonly damping: number
  readonly maxForce: number
  readonly range: readonly [number, number]
}

export interface SceneSpec {
  readonly timestep: number
  readonly bodies: readonly Body[]
  /** Geoms of the world itself: floor, walls, table. */
  readonly arena: readonly Geom[]
  readonly cameras: readonly CameraSpec[]
  readonly servos: readonly Servo[]
  /** Pairs of joints that move alike. */
  readonly coupledJoints: readonly (readonly [string, string])[]
  /** Pairs of bodies that never collide. */
  readonly exclusions: readonly (readonly [string, string])[]
}

/** Name of the i-th geom of a body, the key that joins MuJoCo's geom ids with the scene's surfaces. */
export const geomName = (body: string, index: number): string => `${body}:${index}`
export const worldName = 'world'

const numbers = (values: readonly number[]): string => values.map((value) => String(Number(value.toPrecision(9)))).join(' ')

function attributes(entries: Record<string, string | number | undefined>): string {
  return Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${value}"`)
    .join('')
}

function geomXml(geom: Geom, name: string): string {
  return `<geom${attributes({
    name,
    type: geom.type,
    size: numbers(geom.size),
    pos: geom.pos && numbers(geom.pos),
    quat: geom.quat && numbers(geom.quat),
    mass: geom.isVisualOnly ? 0 : geom.mass,
    contype: geom.isVisualOnly ? 0 : undefined,
    conaffinity: geom.isVisualOnly ? 0 : undefined,
    friction: geom.friction && numbers(geom.friction),
    condim: geom.condim,
    group: geom.isHidden ? 3 : 0,
  })}/>`
}

function cameraXml(camera: CameraSpec): string {
  return `<camera${attributes({ name: camera.name, pos: numbers(camera.pos), quat: numbers(camera.quat), fovy: camera.fovyDeg })}/>`
}

function bodyXml(body: Body): string {
  const { joint } = body
  const parts = [
    body.inertia ? `<inertial pos="0 0 0" mass="${body.inertia.mass}" diaginertia="${numbers(body.inertia.diagonal)}"/>` : '',
    joint
      ? `<joint${attributes({
          name: joint.name,
          type: joint.type,
          axis: joint.axis && numbers(joint.axis),
          range: joint.range && numbers(joint.range),
          limited: joint.range ? 'true' : undefined,
          damping: joint.damping,
          frictionloss: joint.frictionLoss,
          stiffness: joint.stiffness,
          springref: joint.springReference,
          armature: joint.armature,
        })}/>`
      : '',
    ...body.geoms.map((geom, index) => geomXml(geom, geomName(body.name, index))),
    ...(body.cameras ?? []).map(cameraXml),
    ...(body.children ?? []).map(bodyXml),
  ]
  const head = attributes({
    name: body.name,
    pos: body.pos && numbers(body.pos),
    quat: body.quat && numbers(body.quat),
    mocap: body.isMocap ? 'true' : undefined,
    gravcomp: body.isWeightless ? 1 : undefined,
  })
  return `<body${head}>${parts.join('')}</body>`
}

export function toMjcf(scene: SceneSpec): string {
  return [
    '<mujoco model="tabletop">',
    '<compiler angle="radian" autolimits="false"/>',
    // An unstable state must reach the caller as it is: MuJoCo's automatic reset would hide it.
    `<option timestep="${scene.timestep}" integrator="implicitfast" cone="elliptic" impratio="10" iterations="20" ls_iterations="20"><flag autoreset="disable" sleep="enable"/></option>`,
    '<size memory="6M"/>',
    '<default><geom solref="0.008 1" solimp="0.95 0.99 0.001" friction="1 0.01 0.0005" condim="4"/></default>',
    '<worldbody>',
    ...scene.arena.map((geom, index) => geomXml(geom, geomName(worldName, index))),
    ...scene.cameras.map(cameraXml),
    ...scene.bodies.map(bodyXml),
    '</worldbody>',
    '<contact>',
    ...scene.exclusions.map(([a, b]) => `<exclude body1="${a}" body2="${b}"/>`),
    '</contact>',
    '<equality>',
    ...scene.coupledJoints.map(([a, b]) => `<joint joint1="${a}" joint2="${b}" polycoef="0 1 0 0 0" solref="0.004 1"/>`),
    '</equality>',
    '<actuator>',
    ...scene.servos.map(
      (servo) =>
        `<general${attributes({
          name: servo.name,
          joint: servo.joint,
          biastype: 'affine',
          gainprm: numbers([servo.stiffness]),
          biasprm: numbers([0, -servo.stiffness, -servo.damping]),
          forcelimited: 'true',
          forcerange: numbers([-servo.maxForce, servo.maxForce]),
          ctrllimited: 'true',
          ctrlrange: numbers(servo.range),
        })}/>`,
    ),
    '</actuator>',
    '</mujoco>',
  ].join('\n')
}
