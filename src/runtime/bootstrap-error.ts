/** Why a worker could not be started, and what helps. Pure. */
import { MillpondError } from '../errors.ts';

/** @param cause what was thrown while its job was loaded, if that is known */
export function bootstrapError(cause: Error | undefined, exitCode: number): MillpondError {
  if (cause !== undefined && 'code' in cause && cause.code === 'ERR_JOB_INVALID') {
    return new MillpondError(cause.code, cause.message, { cause });
  }
  const why = cause?.message ?? `exit code ${exitCode}`;
  const message =
    withoutFfmpeg(why) ??
    `A worker loads its job before it takes tasks; it failed with ${why}. Run the job file by itself to see the whole error.`;
  return new MillpondError('ERR_WORKER_BOOTSTRAP', message, { cause });
}

/** By what node-av, which the package holds, says where its binary is missing; null for anything else. */
function withoutFfmpeg(why: string): string | null {
  const platform = /^Could not load the node-av native binding for ([\w-]+)/.exec(why)?.[1];
  if (platform === undefined) return null;
  const missing = /Cannot find module '(@seydx\/[\w-]+)/.exec(why)?.[1];
  if (missing !== undefined) {
    return `A job with audio loads FFmpeg's binary, the optional package ${missing}; it is not installed. Run npm install --include=optional; docs/platforms.md says which platforms have one, and why else it may be missing.`;
  }
  const reason = /loading failed: (.+)/.exec(why)?.[1] ?? 'none was tried';
  return `A job with audio loads FFmpeg's binary; that for ${platform} does not load here: ${reason}. See docs/platforms.md for what it needs: on Linux glibc, as in node:26-slim.`;
}
