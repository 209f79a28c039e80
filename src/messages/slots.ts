/**
 * The file of slots: where each thread writes down which task it begins, before it does. Whoever opened the
 * file reads after the death of the process which tasks ran; nothing else survives a crash in native code.
 * One `pwrite` of 16 bytes takes 2 us; nothing is synced, since the system keeps what a dead process wrote.
 */
import { readSync, writeSync } from 'node:fs';
import { wallMs } from '../timers.ts';

/** A task that a thread began last; it may have ended since. */
export interface Slot {
  readonly task: number;
  /** Milliseconds since 1970. */
  readonly startMs: number;
}

/** The number of the task, four bytes that are not used, and the time. */
const SLOT_BYTES = 16;

/** For the thread of a row, which writes its own slot. */
export function slotWriter(file: number, row: number): (task: number) => void {
  const slot = new DataView(new ArrayBuffer(SLOT_BYTES));
  const position = row * SLOT_BYTES;
  return (task) => {
    slot.setUint32(0, task);
    slot.setFloat64(8, wallMs());
    writeSync(file, slot, 0, SLOT_BYTES, position);
  };
}

/** What threads of the rows below `rows` began last; those that never began a task are left out. */
export function readSlots(file: number, rows: number): Slot[] {
  const bytes = new DataView(new ArrayBuffer(rows * SLOT_BYTES));
  const length = readSync(file, bytes, 0, bytes.byteLength, 0);
  const slots: Slot[] = [];
  for (let at = 0; at + SLOT_BYTES <= length; at += SLOT_BYTES) {
    const task = bytes.getUint32(at);
    if (task !== 0) slots.push({ task, startMs: bytes.getFloat64(at + 8) });
  }
  return slots;
}
