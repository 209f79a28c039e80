/** Cyclic checksums, most significant bit first, as FLAC, Ogg and TTA have them. */

export function crc(bytes: Uint8Array, polynomial: number, bits: number): number {
  const table = tableOf(polynomial, bits);
  let sum = 0;
  for (const byte of bytes) sum = ((sum << 8) ^ table[((sum >>> (bits - 8)) ^ byte) & 255]) & maskOf(bits);
  return sum >>> 0;
}

const tables = new Map<number, Int32Array>();

function tableOf(polynomial: number, bits: number): Int32Array {
  const known = tables.get(polynomial);
  if (known !== undefined) return known;
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> (bits - 1)) & 1 ? (sum << 1) ^ polynomial : sum << 1;
    return sum & maskOf(bits);
  });
  tables.set(polynomial, table);
  return table;
}

function maskOf(bits: number): number {
  return bits === 32 ? -1 : (1 << bits) - 1;
}
