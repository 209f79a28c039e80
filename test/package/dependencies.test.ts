import { describe, expect, it } from 'vitest';
import { billOf, judgeAudit } from './judge-dependencies.ts';

const wanted = [
  { name: 'pino', version: '10.4.0' },
  { name: '@seydx/node-av-linux-x64', version: '6.1.1' },
];
const ref = ({ name, version }: { name: string; version: string }): string => `${name}@${version}`;
const component = (one: { name: string; version: string }) => ({ 'bom-ref': ref(one), ...one });
const bill = (components: unknown, dependencies: unknown = []): string =>
  JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components, dependencies });
const audit = (vulnerabilities: object, named: object = {}): string =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities: named, metadata: { vulnerabilities } });

describe('a bill of materials', () => {
  it('has what is wanted, what that needs of it, and nothing else', () => {
    const other = { name: 'vitest', version: '5.1.1' };
    const dependencies = [
      { ref: 'millpond@0.1.0', dependsOn: [...wanted, other].map(ref) },
      { ref: ref(wanted[0]), dependsOn: [ref(other)] },
      { ref: ref(other), dependsOn: [ref(wanted[0])] },
    ];
    const { bill: made, ...said } = billOf(bill([...wanted, other].map(component), dependencies), wanted);
    expect(said).toEqual({ text: 'bill of materials: 2 packages', fails: false });
    expect(JSON.parse(made ?? '')).toEqual({
      ...{ bomFormat: 'CycloneDX', specVersion: '1.5', components: wanted.map(component) },
      dependencies: [
        { ref: 'millpond@0.1.0', dependsOn: wanted.map(ref) },
        { ref: ref(wanted[0]), dependsOn: [] },
      ],
    });
  });

  it.each([
    [bill([component(wanted[0])]), 'lacks @seydx/node-av-linux-x64@6.1.1'],
    [bill([wanted[1], { name: 'pino', version: '10.3.0' }].map(component)), 'lacks pino@10.4.0'],
    [bill({}), 'npm sbom gave none in CycloneDX'],
    ['{"bomFormat":"CycloneDX","compon', 'npm sbom gave none in CycloneDX'],
    ['', 'npm sbom gave none in CycloneDX'],
  ])('that lacks something fails: %s', (json, said) => {
    expect(billOf(json, wanted)).toMatchObject({ text: `bill of materials: ${said}`, fails: true });
  });
});

describe('an audit', () => {
  it.each([
    [{ moderate: 0, high: 0, total: 0 }, 'the registry knows of no hole', false],
    [{ low: 2, moderate: 1, high: 0, total: 3 }, '2 low, 1 moderate', false],
    [{ moderate: 1, high: 2, total: 3 }, '1 moderate, 2 high, in pino', true],
    [{ critical: 1, total: 1 }, '1 critical, in pino', true],
  ])('of %o', (counts, said, fails) => {
    const named = { pino: { severity: 'high' }, valibot: { severity: 'moderate' } };
    expect(judgeAudit(audit(counts, fails ? named : {}))).toEqual({ text: `audit: ${said}`, fails });
  });

  it.each([
    [
      '{"message":"405 Method Not Allowed - POST https://registry.npmjs.org/","error":{"summary":""}}',
      '405 Method',
    ],
    ['{"error":{"code":"ENOTFOUND","summary":"getaddrinfo ENOTFOUND"}}', 'getaddrinfo ENOTFOUND'],
    ['<html>', 'it said nothing'],
    ['', 'it said nothing'],
  ])('that nobody answers fails nothing, and says so: %s', (json, said) => {
    const { text, fails } = judgeAudit(json);
    expect(fails).toBe(false);
    expect(text).toContain(`not done, the registry does not answer it (${said}`);
  });
});
