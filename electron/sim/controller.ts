import { fingerTravelM, gripperInertia, gripperMassKg } from './scene/gripper.ts'
import type { Scene } from './scene/scene.ts'
import { physicsStepS } from './scene/scene.ts'
import type { DataViews } from './mujoco.ts'
import { conjugate, multiplyQuat, quatFromRotationVector, rotationVectorFromQuat, matFromQuat, rotate, type Quat, type Vec3 } from './pose.ts'

/**
 * Operational-space control of the floating gripper with LIBERO's actions: 7 numbers in [-1, 1] at 20 Hz. The goal pose
 * is the pose at the start of the control step, moved by 0.05 m and turned by 0.5 rad (axis-angle, world frame) times
 * the action; a critically damped spring pulls toward it for 25 physics steps, so full actions cruise at about
 * 0.36 m/s. The seventh number opens (negative) or closes (positive) the fingers at constant speed.
 */
export const actionDimension = 7
export const actionNames = ['x', 'y', 'z', 'axis_angle_x', 'axis_angle_y', 'axis_angle_z', 'gripper'] as const
export const positionStepM = 0.05
export const rotationStepRad = 0.5

const stiffness = 300
const damping = 2 * Math.sqrt(stiffness)
const turnStiffness = 500
const turnDamping = 2 * Math.sqrt(turnStiffness)
const movingMassKg = gripperMassKg + 0.1
const maxForceN = 40
const maxTorqueNm = 3
const fingerSpeedMs = 0.18
/** Where closed fingers are told to go, past the middle, so that they squeeze what is between them. */
const closedTargetM = -0.02

export class GripperController {
  readonly #qpos: number
  readonly #dof: number
  readonly #body: number
  #goalPosition: Vec3 = [0, 0, 0]
  #goalOrientation: Quat = [1, 0, 0, 0]
  #fingerTarget = fingerTravelM
  #isClosing = false

  constructor(scene: Scene) {
    const joint = scene.joints.get('gripper')!
    this.#qpos = joint.qpos
    this.#dof = joint.dof
    this.#body = scene.bodies.get('gripper')!
  }

  reset(views: DataViews): void {
    this.#goalPosition = this.position(views)
    this.#goalOrientation = this.orientation(views)
    this.#fingerTarget = fingerTravelM
    this.#isClosing = false
  }

  position(views: DataViews): Vec3 {
    const at = this.#qpos
    return [views.qpos[at]!, views.qpos[at + 1]!, views.qpos[at + 2]!]
  }

  orientation(views: DataViews): Quat {
    const at = this.#qpos + 3
    return [views.qpos[at]!, views.qpos[at + 1]!, views.qpos[at + 2]!, views.qpos[at + 3]!]
  }

  /** Sets the goal of the next control step. `action` must be finite; it is clipped to [-1, 1]. */
  setGoal(views: DataViews, action: Float32Array): void {
    const part = (index: number): number => Math.max(-1, Math.min(1, action[index]!))
    const position = this.position(views)
    this.#goalPosition = [position[0] + part(0) * positionStepM, position[1] + part(1) * positionStepM, position[2] + part(2) * positionStepM]
    const turn = quatFromRotationVector([part(3) * rotationStepRad, part(4) * rotationStepRad, part(5) * rotationStepRad])
    this.#goalOrientation = multiplyQuat(turn, this.orientation(views))
    this.#isClosing = part(6) > 0
  }

  /** Wrench and finger targets of one physics step. */
  apply(views: DataViews): void {
    const { qvel, xfrc, ctrl } = views
    const position = this.position(views)
    const orientation = this.orientation(views)
    const d = this.#dof
    const force: [number, number, number] = [0, 0, 0]
    for (let k = 0; k < 3; k++) force[k] = movingMassKg * (stiffness * (this.#goalPosition[k]! - position[k]!) - damping * qvel[d + k]!)
    // The free joint's angular velocity is in the body's frame.
    const spin = rotate(matFromQuat(orientation), [qvel[d + 3]!, qvel[d + 4]!, qvel[d + 5]!])
    const error = rotationVectorFromQuat(multiplyQuat(this.#goalOrientation, conjugate(orientation)))
    const torque: [number, number, number] = [0, 0, 0]
    for (let k = 0; k < 3; k++) torque[k] = gripperInertia * (turnStiffness * error[k]! - turnDamping * spin[k]!)
    limit(force, maxForceN)
    limit(torque, maxTorqueNm)
    for (let k = 0; k < 3; k++) {
      xfrc[this.#body * 6 + k] = force[k]!
      xfrc[this.#body * 6 + 3 + k] = torque[k]!
    }
    const goal = this.#isClosing ? closedTargetM : fingerTravelM
    const step = fingerSpeedMs * physicsStepS
    this.#fingerTarget += Math.max(-step, Math.min(step, goal - this.#fingerTarget))
    ctrl[0] = this.#fingerTarget
    ctrl[1] = this.#fingerTarget
  }
}

function limit(vector: [number, number, number], longest: number): void {
  const length = Math.hypot(...vector)
  if (length <= longest) return
  for (let k = 0; k < 3; k++) vector[k]! *= longest / length
}
