/**
 * Rigid transforms. Vectors are [x, y, z] in metres, quaternions [w, x, y, z] (MuJoCo's order), matrices row-major 3x3.
 */
export type Vec3 = readonly [number, number, number]
export type Quat = readonly [number, number, number, number]
/** Row-major rotation: columns are the rotated frame's axes in the parent frame. */
export type Mat3 = readonly [number, number, number, number, number, number, number, number, number]

export const identityQuat: Quat = [1, 0, 0, 0]

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vec3, factor: number): Vec3 => [a[0] * factor, a[1] * factor, a[2] * factor]
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const cross = (a: Vec3, b: Vec3): Vec3 => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
export const norm = (a: Vec3): number => Math.sqrt(dot(a, a))
export const normalise = (a: Vec3): Vec3 => scale(a, 1 / norm(a))

export function multiplyQuat(a: Quat, b: Quat): Quat {
  return [
    a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
    a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
    a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
    a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
  ]
}

export const conjugate = (q: Quat): Quat => [q[0], -q[1], -q[2], -q[3]]

/** Rotation by |v| radians about v. */
export function quatFromRotationVector(v: Vec3): Quat {
  const angle = norm(v)
  if (angle < 1e-12) return identityQuat
  const s = Math.sin(angle / 2) / angle
  return [Math.cos(angle / 2), v[0] * s, v[1] * s, v[2] * s]
}

/** Shortest axis-angle vector of a unit quaternion, length in [0, pi]. */
export function rotationVectorFromQuat(q: Quat): Vec3 {
  const sign = q[0] < 0 ? -1 : 1
  const s = Math.sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
  if (s < 1e-12) return [0, 0, 0]
  const factor = (sign * 2 * Math.atan2(s, sign * q[0])) / s
  return [q[1] * factor, q[2] * factor, q[3] * factor]
}

export function matFromQuat(q: Quat): Mat3 {
  const [w, x, y, z] = q
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ]
}

export function quatFromMat(m: Mat3): Quat {
  const trace = m[0] + m[4] + m[8]
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1)
    return [s / 4, (m[7] - m[5]) / s, (m[2] - m[6]) / s, (m[3] - m[1]) / s]
  }
  if (m[0] > m[4] && m[0] > m[8]) {
    const s = 2 * Math.sqrt(1 + m[0] - m[4] - m[8])
    return [(m[7] - m[5]) / s, s / 4, (m[1] + m[3]) / s, (m[2] + m[6]) / s]
  }
  if (m[4] > m[8]) {
    const s = 2 * Math.sqrt(1 + m[4] - m[0] - m[8])
    return [(m[2] - m[6]) / s, (m[1] + m[3]) / s, s / 4, (m[5] + m[7]) / s]
  }
  const s = 2 * Math.sqrt(1 + m[8] - m[0] - m[4])
  return [(m[3] - m[1]) / s, (m[2] + m[6]) / s, (m[5] + m[7]) / s, s / 4]
}

/** m v */
export const rotate = (m: Mat3, v: Vec3): Vec3 => [
  m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
  m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
  m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
]

/** m transposed times v */
export const unrotate = (m: Mat3, v: Vec3): Vec3 => [
  m[0] * v[0] + m[3] * v[1] + m[6] * v[2],
  m[1] * v[0] + m[4] * v[1] + m[7] * v[2],
  m[2] * v[0] + m[5] * v[1] + m[8] * v[2],
]

export const quatFromYaw = (yaw: number): Quat => [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)]

/** Orientation of a MuJoCo camera (x right, y up, looking along -z) at `eye` that looks at `target`. */
export function lookAt(eye: Vec3, target: Vec3, up: Vec3 = [0, 0, 1]): Quat {
  const back = normalise(subtract(eye, target))
  const right = normalise(cross(up, back))
  const top = cross(back, right)
  return quatFromMat([right[0], top[0], back[0], right[1], top[1], back[1], right[2], top[2], back[2]])
}

/** Angle wrapped to (-period/2, period/2]. */
export function wrapAngle(angle: number, period = 2 * Math.PI): number {
  const wrapped = angle - period * Math.round(angle / period)
  return wrapped <= -period / 2 ? wrapped + period : wrapped
}
