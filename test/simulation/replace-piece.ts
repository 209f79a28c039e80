/** Wrong variants of a file of `src/`: the sources stay as they are. */
import { registerHooks } from 'node:module';

interface Replacement {
  /** Below `src/`. */
  readonly file: string;
  /** It is there once. */
  readonly from: string;
  readonly to: string;
}

/** The piece is replaced when its module is loaded: whatever imports that is loaded after this. */
export function replacePiece({ file, from, to }: Replacement): void {
  const url = new URL(`../../src/${file}`, import.meta.url).href;
  registerHooks({
    load(loaded, context, next) {
      const module = next(loaded, context);
      if (loaded !== url) return module;
      const parts = String(module.source).split(from);
      if (parts.length !== 2) throw new Error(`'${from}' is ${parts.length - 1} times in ${file}`);
      return { ...module, source: parts.join(to) };
    },
  });
}
