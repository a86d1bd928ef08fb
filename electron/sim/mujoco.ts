import loadMujoco, { type MainModule, type MjData, type MjModel } from '@mujoco/mujoco'
import { KinoraError } from '../contract/errors.ts'

/**
 * MuJoCo's WebAssembly build, one instance per thread. Typed-array views into its heap detach when the heap grows, so
 * {@link DataViews} fetches them again after anything that may allocate.
 */
let loading: Promise<MainModule> | undefined

export function mujoco(): Promise<MainModule> {
  loading ??= loadMujoco().catch((error: unknown) => {
    loading = undefined
    throw new KinoraError('simulation', `MuJoCo could not be loaded: ${error instanceof Error ? error.message : String(error)}.`, 'Run "npm ci" again; the package @mujoco/mujoco holds its WebAssembly file.', { cause: error })
  })
  return loading
}

/** mjtObj values (mjmodel.h). */
export const objectType = { body: 1, joint: 3, geom: 5, camera: 7, actuator: 19 } as const

export function compileModel(module: MainModule, xml: string): MjModel {
  try {
    return module.MjModel.from_xml_string(xml)
  } catch (error) {
    throw new KinoraError('simulation', `MuJoCo refused the scene: ${error instanceof Error ? error.message : String(error)}`, 'This is a bug in Kinora. Please report it with the task and seed.', { cause: error })
  }
}

/** Live views of one MjData, fetched again when the heap has moved. */
export class DataViews {
  readonly #data: MjData
  #qpos!: Float64Array
  #qvel!: Float64Array
  #xpos!: Float64Array
  #xquat!: Float64Array
  #geomXpos!: Float64Array
  #geomXmat!: Float64Array
  #camXpos!: Float64Array
  #camXmat!: Float64Array
  #xfrc!: Float64Array
  #ctrl!: Float64Array
  #mocapPos!: Float64Array
  #mocapQuat!: Float64Array
  #bodyAwake!: Int32Array

  constructor(data: MjData) {
    this.#data = data
    this.#fetch()
  }

  #fetch(): void {
    const data = this.#data
    this.#qpos = data.qpos
    this.#qvel = data.qvel
    this.#xpos = data.xpos
    this.#xquat = data.xquat
    this.#geomXpos = data.geom_xpos
    this.#geomXmat = data.geom_xmat
    this.#camXpos = data.cam_xpos
    this.#camXmat = data.cam_xmat
    this.#xfrc = data.xfrc_applied
    this.#ctrl = data.ctrl
    this.#mocapPos = data.mocap_pos
    this.#mocapQuat = data.mocap_quat
    this.#bodyAwake = data.body_awake
  }

  /** Call before a stretch of reads and writes with no allocation in between. */
  refresh(): this {
    if (this.#qpos.length === 0) this.#fetch()
    return this
  }

  get qpos(): Float64Array { return this.#qpos }
  get qvel(): Float64Array { return this.#qvel }
  /** [bodies, 3] */
  get xpos(): Float64Array { return this.#xpos }
  /** [bodies, 4] */
  get xquat(): Float64Array { return this.#xquat }
  get geomXpos(): Float64Array { return this.#geomXpos }
  get geomXmat(): Float64Array { return this.#geomXmat }
  get camXpos(): Float64Array { return this.#camXpos }
  get camXmat(): Float64Array { return this.#camXmat }
  /** [bodies, 6]: force, torque at the body's centre of mass, world frame. */
  get xfrc(): Float64Array { return this.#xfrc }
  get ctrl(): Float64Array { return this.#ctrl }
  get mocapPos(): Float64Array { return this.#mocapPos }
  /** [bodies]: 0 asleep, 1 awake, -1 static (mjtSleepState). */
  get bodyAwake(): Int32Array { return this.#bodyAwake }
  get mocapQuat(): Float64Array { return this.#mocapQuat }
}
