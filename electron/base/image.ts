/** An 8-bit RGB picture, row-major, top row first: data has height * width * 3 bytes. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * Optical flow in pixels from a frame to the one `horizon` steps later, +u right, +v down.
 * `uv` is [height, width, 2] row-major; `valid` (1 = known and visible in both frames) is [height, width].
 */
export interface FlowField {
  readonly width: number
  readonly height: number
  readonly uv: Float32Array
  readonly valid?: Uint8Array
}
