import { lookAt, type Vec3 } from '../pose.ts'
import type { Body, Geom, Servo } from './mjcf.ts'
import { surfaces } from './surface.ts'

/**
 * A floating parallel-jaw gripper. The body's origin is the grip point between the pads, and all of its mass sits
 * there, so that a force moves it without turning it. The fingers slide along y and point down.
 */
export const gripperName = 'gripper'
export const fingerNames = ['finger_left', 'finger_right'] as const
export const fingerJoints = ['finger_left', 'finger_right'] as const
export const gripperJoint = 'gripper'
export const gripperBodies: readonly string[] = [gripperName, ...fingerNames]

/** Distance of each pad from the middle when the gripper is open. */
export const fingerTravelM = 0.045
/** Lowest point of the pads below the grip point. */
export const fingertipDropM = 0.014
export const gripperMassKg = 1
export const gripperInertia = 0.006
const fingerMassKg = 0.05

function finger(name: string, side: 1 | -1): Body {
  const pad: Geom = { type: 'box', size: [0.011, 0.006, 0.021], pos: [0, side * 0.006, 0.007], surface: surfaces.fingerPad, mass: fingerMassKg / 2, friction: [1.6, 0.05, 0.001] }
  const link: Geom = { type: 'box', size: [0.0095, 0.008, 0.032], pos: [0, side * 0.009, 0.058], surface: surfaces.finger, mass: fingerMassKg / 2 }
  return {
    name,
    joint: { name, type: 'slide', axis: [0, side, 0], range: [0, fingerTravelM], damping: 2, armature: 0.05 },
    isWeightless: true,
    geoms: [pad, link],
  }
}

const cameraEye: Vec3 = [0.085, 0, 0.1]

export const gripper: Body = {
  name: gripperName,
  pos: [0, 0, 0.25],
  joint: { name: gripperJoint, type: 'free' },
  inertia: { mass: gripperMassKg, diagonal: [gripperInertia, gripperInertia, gripperInertia] },
  isWeightless: true,
  geoms: [
    { type: 'box', size: [0.026, 0.066, 0.022], pos: [0, 0, 0.11], surface: surfaces.palm },
    { type: 'cylinder', size: [0.03, 0.008], pos: [0, 0, 0.14], surface: surfaces.flange, isVisualOnly: true },
    { type: 'cylinder', size: [0.024, 0.16], pos: [0, 0, 0.308], surface: surfaces.arm, isVisualOnly: true },
  ],
  cameras: [{ name: 'robot0_eye_in_hand', pos: cameraEye, quat: lookAt(cameraEye, [0.006, 0, -0.02]), fovyDeg: 75 }],
  children: [finger('finger_left', 1), finger('finger_right', -1)],
}

export const fingerServos: readonly Servo[] = fingerJoints.map((joint) => ({
  name: joint,
  joint,
  stiffness: 900,
  damping: 20,
  maxForce: 18,
  range: [-0.02, fingerTravelM],
}))
