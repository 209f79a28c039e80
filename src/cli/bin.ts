#!/usr/bin/env node
// Looks at Node's version before anything newer than this file is parsed: so no imports, and plain old
// syntax.
const version = process.versions.node.split('.').map(Number);
if (version[0] < 24 || (version[0] === 24 && version[1] < 12)) {
  process.stderr.write(
    `millpond needs Node 24.12 or newer; this is Node ${process.versions.node}. Install a newer one, or in the checkout use 'npm run -s millpond -- ...', which brings its own.\n`,
  );
  process.exitCode = 1;
} else {
  // The compile cache halves the time to start: it keeps compiled code, in the checkout also the stripped
  // types. Worker threads have none from here: they read the variable.
  Promise.all([
    import('node:module'),
    import(import.meta.url.endsWith('.ts') ? './compile-cache.ts' : './compile-cache.js'),
  ])
    .then(([module, cache]) => {
      const folder = cache.compiledCodeFolder(process.env);
      if (folder !== null) {
        process.env.NODE_COMPILE_CACHE = folder;
        module.enableCompileCache(folder);
      }
      return import(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js');
    })
    .then((main) => main.main(process.argv));
}

export {};
