/**
 * Where compiled code is kept between runs. Node runs what it finds there, so it must be a folder that nobody
 * else can write to.
 */
import { cacheFolder } from './cache-folder.ts';

/**
 * Null where others could put code into it, where it cannot be made, or where Node's own variables say what
 * is kept and where.
 */
export function compiledCodeFolder(env: NodeJS.ProcessEnv): string | null {
  if (env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return null;
  return cacheFolder(env, 'compiled');
}
