/** Where a command prints lines beside what it draws. Holds nothing. */
import type { Log } from '../telemetry/log.ts';
import { escaped, shown } from '../text/escaping.ts';

/** Who prints lines on stderr now. */
export interface Screen {
  line(text: string): void;
}

/** Whoever asked for a recording is told in plain words when it ends early, whatever else is logged. */
export function plainLog(log: Log, screen: Screen): Log {
  return {
    write(event) {
      if (event.event !== 'recording-ended') log.write(event);
      else {
        screen.line(
          `warning: the recording ${shown(event.path)} ends here, and the run goes on: ${escaped(event.reason)}`,
        );
      }
    },
    close: () => log.close(),
  };
}
