/**
 * A result that is sent while it is made: a process writes it into a file of the work directory, and the
 * front sends what is there. So no worker waits for the network, and a slow reader costs a file.
 */
import { sleep } from '../timers.ts';
import type { WorkFile } from './work-dir.ts';

export interface Growing {
  readonly address: string;
  readonly type: string;
  readonly file: WorkFile;
  /** Resolves when the file is whole, and rejects where it will not be. */
  readonly ended: Promise<unknown>;
  /** Whoever gets this lets go of the file, once. */
  readonly held: Disposable;
}

/** Between two looks whether there is more: the most that a byte is late. */
const LOOK_MS = 20;

/** Resolves when there is something in it, or nothing will come. */
export async function begun(file: WorkFile, ended: Promise<unknown>): Promise<void> {
  let over = false;
  const end = ended.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  while (!over && file.sizeNow() === 0) await Promise.race([sleep(LOOK_MS), end]);
}

/** The bytes of the file, up to its end, as they come. @throws why there will be no more */
export async function* growth(file: WorkFile, ended: Promise<unknown>): AsyncGenerator<Buffer> {
  let over = false;
  const end = ended.finally(() => {
    over = true;
  });
  end.catch(() => {});
  let at = 0;
  for (;;) {
    // Whether it is over is asked first: what came before is read then.
    const last = over;
    const size = file.sizeNow();
    if (size > at) {
      for await (const chunk of file.createReadStream({ start: at, end: size })) yield chunk as Buffer;
      at = size;
    } else if (last) break;
    else await Promise.race([sleep(LOOK_MS), end]);
  }
  await end;
}
