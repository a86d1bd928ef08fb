declare module 'dav1d.js' {
  export interface Dav1d {
    /** Decodes one temporal unit. `data` is planar, 8-bit or 16-bit little-endian. Throws where it gives no picture. */
    decodeFrameAsYUV(unit: Uint8Array): { width: number; height: number; data: Uint8Array }
  }
  export function create(options: { wasmData: Uint8Array }): Promise<Dav1d>
}
