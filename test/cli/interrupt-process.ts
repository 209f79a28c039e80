/** A process that gives up when it is told to stop; before that there is nothing to give up. */
import { listenForInterrupt } from '../../src/cli/interrupt.ts';

const interrupt = listenForInterrupt();
interrupt.giveUp();
interrupt.signal.addEventListener('abort', () => interrupt.giveUp());
process.kill(process.pid, 'SIGTERM');
// Nobody gets so far.
setTimeout(() => {}, 60_000);
