/**
 * Leaves in the package.json of the folder it runs in what a service needs, with the packages that only a
 * service needs among the rest. `npm install --package-lock-only` then leaves out of the lock file what it
 * does not need, and changes no version of what stays.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const { dependencies, devDependencies, peerDependencies } = manifest;
const peers = Object.keys(peerDependencies).filter((name) => /^(?:@fastify\/|fastify$)/.test(name));
const added = Object.fromEntries(peers.map((name) => [name, devDependencies[name]]));
const left = { ...manifest, private: true, dependencies: { ...dependencies, ...added } };
for (const name of ['devDependencies', 'peerDependencies', 'peerDependenciesMeta', 'scripts', 'bin']) {
  delete left[name];
}
writeFileSync('package.json', `${JSON.stringify(left, null, 2)}\n`);
