/**
 * Nearest parameter t > 0 at which origin + t * direction enters a primitive in its own frame, or Infinity.
 * Sizes are MuJoCo's: half extents for boxes, radius and half length for cylinders and capsules.
 */

export function hitPlane(oz: number, dz: number): number {
  return dz < -1e-12 && oz > 0 ? -oz / dz : Infinity
}

export function hitBox(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, hx: number, hy: number, hz: number): number {
  const ix = 1 / dx
  const iy = 1 / dy
  const iz = 1 / dz
  const ax = Math.abs(ix) * hx
  const ay = Math.abs(iy) * hy
  const az = Math.abs(iz) * hz
  const mx = -ox * ix
  const my = -oy * iy
  const mz = -oz * iz
  let near = mx - ax
  if (my - ay > near) near = my - ay
  if (mz - az > near) near = mz - az
  let far = mx + ax
  if (my + ay < far) far = my + ay
  if (mz + az < far) far = mz + az
  return near <= far && near > 0 ? near : Infinity
}

export function hitSphere(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, radius: number): number {
  const a = dx * dx + dy * dy + dz * dz
  const b = ox * dx + oy * dy + oz * dz
  const c = ox * ox + oy * oy + oz * oz - radius * radius
  const discriminant = b * b - a * c
  if (discriminant < 0) return Infinity
  const t = (-b - Math.sqrt(discriminant)) / a
  return t > 0 ? t : Infinity
}

export function hitCylinder(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, radius: number, halfLength: number): number {
  let nearest = Infinity
  const a = dx * dx + dy * dy
  if (a > 1e-18) {
    const b = ox * dx + oy * dy
    const discriminant = b * b - a * (ox * ox + oy * oy - radius * radius)
    if (discriminant < 0) return Infinity
    const t = (-b - Math.sqrt(discriminant)) / a
    if (t > 0 && Math.abs(oz + t * dz) <= halfLength) nearest = t
  }
  // A ray enters through the cap that faces it.
  const cap = dz < 0 ? halfLength : -halfLength
  const t = (cap - oz) / dz
  if (t > 0 && t < nearest) {
    const x = ox + t * dx
    const y = oy + t * dy
    if (x * x + y * y <= radius * radius) nearest = t
  }
  return nearest
}

export function hitCapsule(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, radius: number, halfLength: number): number {
  let nearest = Math.min(
    hitSphere(ox, oy, oz - halfLength, dx, dy, dz, radius),
    hitSphere(ox, oy, oz + halfLength, dx, dy, dz, radius),
  )
  const a = dx * dx + dy * dy
  if (a > 1e-18) {
    const b = ox * dx + oy * dy
    const discriminant = b * b - a * (ox * ox + oy * oy - radius * radius)
    if (discriminant >= 0) {
      const t = (-b - Math.sqrt(discriminant)) / a
      if (t > 0 && t < nearest && Math.abs(oz + t * dz) <= halfLength) nearest = t
    }
  }
  return nearest
}

export function hitEllipsoid(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number, rx: number, ry: number, rz: number): number {
  return hitSphere(ox / rx, oy / ry, oz / rz, dx / rx, dy / ry, dz / rz, 1)
}
