/** Encodes a tf.train.Example, for tests of its reader. */
export function encodeExample(features: Readonly<Record<string, readonly Uint8Array[] | Float32Array | readonly bigint[]>>): Uint8Array {
  const entries = Object.entries(features).map(([key, value]) => {
    let list: Buffer
    if (value instanceof Float32Array) list = field(2, field(1, Buffer.from(value.buffer, value.byteOffset, value.byteLength)))
    else if (value.length > 0 && typeof value[0] === 'bigint') list = field(3, field(1, Buffer.concat((value as bigint[]).map(varint))))
    else list = field(value.length === 0 && key.endsWith('i') ? 3 : 1, Buffer.concat((value as Uint8Array[]).map((bytes) => field(1, bytes))))
    return field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, list)]))
  })
  return Uint8Array.from(field(1, Buffer.concat(entries)))
}

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}
