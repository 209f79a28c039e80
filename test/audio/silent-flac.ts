/** Hand-written FLAC of silence: each frame of 35 bytes becomes a MiB of samples. */

/** Samples of a frame, the most that its header can say. */
const BLOCK = 65_535;
const RATE = 192_000;
const CHANNELS = 8;

/** @param frames up to 2047; each is 65,535 samples of 16 bits in 8 channels */
export function silentFlac(frames: number): Buffer {
  const info = Buffer.alloc(42);
  info.write('fLaC');
  info.writeUInt32BE(0x80000022, 4);
  info.writeUInt16BE(BLOCK, 8);
  info.writeUInt16BE(BLOCK, 10);
  const form = (BigInt(RATE) << 44n) | (BigInt(CHANNELS - 1) << 41n) | (15n << 36n);
  info.writeBigUInt64BE(form | BigInt(frames * BLOCK), 18);
  return Buffer.concat([info, ...Array.from({ length: frames }, (_, number) => frame(number))]);
}

function frame(number: number): Buffer {
  const counted = number < 128 ? [number] : [0xc0 | (number >> 6), 0x80 | (number & 63)];
  const head = [0xff, 0xf8, 0x70, ((CHANNELS - 1) << 4) | (4 << 1), ...counted, 0xff, 0xfe];
  head.push(crc(head, 0x07, 8));
  // One constant for each channel.
  const all = [...head, ...Array.from({ length: 3 * CHANNELS }, () => 0)];
  const check = crc(all, 0x8005, 16);
  return Buffer.from([...all, check >> 8, check & 255]);
}

function crc(bytes: readonly number[], polynomial: number, bits: number): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) sum = (sum >> (bits - 1)) & 1 ? (sum << 1) ^ polynomial : sum << 1;
    sum &= (1 << bits) - 1;
  }
  return sum;
}
