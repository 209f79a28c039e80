/** What npm says of the packages that users install, judged. Pure. */

interface Judged {
  readonly text: string;
  readonly fails: boolean;
}

interface Component {
  readonly 'bom-ref'?: unknown;
  readonly name?: unknown;
  readonly version?: unknown;
}

interface Bill {
  readonly bomFormat?: unknown;
  readonly components?: Component[];
  readonly dependencies?: { ref: string; dependsOn?: string[] }[];
}

/**
 * A bill of materials of the wanted packages alone, out of one of a whole checkout in CycloneDX's JSON. What
 * `npm sbom --omit=dev` gives lacks packages that development needs as well.
 * @returns `bill` as JSON; `null` where it is none
 */
export function billOf(
  json: string,
  wanted: readonly { name: string; version: string }[],
): Judged & { bill: string | null } {
  const whole = parsed(json) as Bill | null;
  if (whole?.bomFormat !== 'CycloneDX' || !Array.isArray(whole.components)) {
    return { text: 'bill of materials: npm sbom gave none in CycloneDX', fails: true, bill: null };
  }
  const names = new Set(wanted.map(({ name, version }) => `${name}@${version}`));
  const nameOf = ({ name, version }: Component): string => `${name}@${version}`;
  const components = whole.components.filter((one) => names.has(nameOf(one)));
  const refs = new Set(components.map((one) => one['bom-ref']));
  const dependencies = (whole.dependencies ?? [])
    .filter(({ ref }, at) => at === 0 || refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  const bill = JSON.stringify({ ...whole, components, dependencies }, null, 2);
  const found = new Set(components.map(nameOf));
  const missing = [...names].filter((name) => !found.has(name));
  const text =
    missing.length === 0
      ? `bill of materials: ${names.size} packages`
      : `bill of materials: lacks ${missing.join(', ')}`;
  return { text, fails: missing.length > 0, bill };
}

const GRAVE = ['high', 'critical'];

/**
 * Whether the registry knows of grave holes. One that does not answer, or answers something else, is no
 * reason to fail: it says nothing of the packages.
 */
export function judgeAudit(json: string): Judged {
  const answer = parsed(json) as {
    metadata?: { vulnerabilities?: Record<string, unknown> };
    vulnerabilities?: Record<string, { severity?: unknown }>;
    message?: unknown;
    error?: { summary?: unknown };
  } | null;
  const counts = answer?.metadata?.vulnerabilities;
  if (counts === undefined) {
    const said = [answer?.message, answer?.error?.summary].find(
      (one) => typeof one === 'string' && one !== '',
    );
    return {
      text: `audit: not done, the registry does not answer it (${said ?? 'it said nothing'})`,
      fails: false,
    };
  }
  const known = Object.entries(counts).filter(
    ([severity, count]) => severity !== 'total' && Number(count) > 0,
  );
  if (known.length === 0) return { text: 'audit: the registry knows of no hole', fails: false };
  const names = Object.entries(answer?.vulnerabilities ?? {})
    .filter(([, { severity }]) => GRAVE.includes(String(severity)))
    .map(([name]) => name);
  const fails = known.some(([severity]) => GRAVE.includes(severity));
  const counted = known.map(([severity, count]) => `${count} ${severity}`).join(', ');
  return { text: `audit: ${counted}${names.length > 0 ? `, in ${names.join(', ')}` : ''}`, fails };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
