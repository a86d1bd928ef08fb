import { lookAt, quatFromRotationVector, type Vec3 } from '../pose.ts'
import type { CameraSpec, Geom } from './mjcf.ts'
import { surfaces } from './surface.ts'

/**
 * The room. The table's top is z = 0; x points from the robot to the third-person camera, y to that camera's right.
 * "Left" and "right" in instructions are as this camera sees them, "front" is toward it.
 */
export const arena: readonly Geom[] = [
  { type: 'box', size: [0.36, 0.46, 0.02], pos: [-0.02, 0, -0.02], surface: surfaces.table },
  { type: 'box', size: [0.3, 0.4, 0.33], pos: [-0.02, 0, -0.37], surface: surfaces.tableEdge, isVisualOnly: true },
  { type: 'plane', size: [0, 0, 0.1], pos: [0, 0, -0.7], surface: surfaces.floor },
  { type: 'plane', size: [0, 0, 0.1], pos: [-1.1, 0, 0], quat: quatFromRotationVector([0, Math.PI / 2, 0]), surface: surfaces.wall },
]

const agentEye: Vec3 = [0.7, 0, 0.56]

export const agentCamera: CameraSpec = { name: 'agentview', pos: agentEye, quat: lookAt(agentEye, [-0.03, 0, 0.085]), fovyDeg: 39 }

export const cameraNames = ['agentview', 'robot0_eye_in_hand'] as const
export type CameraName = (typeof cameraNames)[number]
