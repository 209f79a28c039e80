import { describe, expect, it } from 'vitest';
import { bootstrapError } from '../../src/runtime/bootstrap-error.ts';

const PREFIX = 'Platform package not found or loading failed: Error:';
/** As node-av puts it. */
function notLoaded(platform: string, why: string): Error {
  return new Error(
    `Could not load the node-av native binding for ${platform}.\nErrors:\n  ${why}\nRequire stack:\n- /x.js\n\n`,
  );
}

describe('the error of a worker that could not be started', () => {
  it.each([
    [
      'says how to install what is missing',
      notLoaded('linux-x64', `${PREFIX} Cannot find module '@seydx/node-av-linux-x64/node-av.node'`),
      /@seydx\/node-av-linux-x64; it is not installed\. Run npm install --include=optional; .*platforms\.md/,
    ],
    [
      'says why what is there does not load',
      notLoaded('linux-x64', `${PREFIX} Error loading shared library ld-linux-x86-64.so.2: No such file`),
      /that for linux-x64 does not load here: Error: Error loading .*: No such file\. See .* glibc/,
    ],
    ['says that none was tried', notLoaded('linux-x64', ''), /does not load here: none was tried\./],
    [
      'has the words of any other',
      new Error('boom'),
      /^A worker loads .*failed with boom\. Run the job file /,
    ],
    ['has the exit code where there are no words', undefined, /failed with exit code 7\. Run the job file /],
  ])('%s', (_what, cause, message) => {
    const error = bootstrapError(cause, 7);
    expect(error).toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP', message: expect.stringMatching(message) });
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain('\n');
  });
});
