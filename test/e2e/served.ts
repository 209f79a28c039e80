/** The service as its command starts it, in a process of its own. */
import { onTestFinished } from 'vitest';
import { type Ended, type Started, start } from './millpond.ts';

export interface Served extends Started {
  readonly url: string;
  /** What stands on stderr so far. */
  stderr(): string;
  /** Of it, the lines of the log about requests. */
  requests(): Record<string, unknown>[];
  /** Resolves when stderr holds this. */
  said(text: string): Promise<void>;
}

export function serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Served> {
  return served(start(['serve', '--port', '0', ...args], env));
}

/** Resolves when it takes requests; it ends with its test. @throws what it said where it ends before */
export async function served(started: Started): Promise<Served> {
  onTestFinished(() => void started.child.kill('SIGKILL'));
  let stderr = '';
  const waiting = new Set<() => void>();
  started.child.stderr?.on('data', (text: string) => {
    stderr += text;
    for (const look of waiting) look();
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!stderr.includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      const over = ({ stderr }: Ended): void =>
        reject(new Error(`it ended before it said ${text}: ${stderr}`));
      void started.ended.then(over);
    });
  await said('; try ');
  const url = /listening at (\S+);/.exec(stderr)?.[1] as string;
  const requests = (): Record<string, unknown>[] =>
    stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'request');
  return { ...started, url, stderr: () => stderr, requests, said };
}
