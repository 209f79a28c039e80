/** The system calls of all threads, as strace wrote them down with every string in hex. */

interface Call {
  readonly thread: string;
  readonly name: string;
  readonly args: string;
  /** What it returned; negative for an error. */
  readonly result: number;
  readonly nth: number;
  /** The lines that show it begin and return. */
  readonly began: number;
  readonly ended: number;
}

const LINE = /^(\d+)\s+(.*)$/;
const WHOLE = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/;
const BEGUN = /^(\w+)\((.*) <unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/;

/** Those that did not fail, in the order in which they took effect: when they returned. */
export function callsOf(lines: readonly string[]): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, { args: string; began: number; nth: number }>();
  const counts = new Map<string, number>();
  lines.forEach((line, index) => {
    const [, thread, text] = LINE.exec(line) ?? [];
    if (thread === undefined) return;
    const count = (name: string): number => {
      const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
      counts.set(`${thread} ${name}`, nth);
      return nth;
    };
    const [, started, args] = BEGUN.exec(text) ?? [];
    if (started !== undefined) {
      begun.set(thread, { args, began: index, nth: count(started) });
      return;
    }
    const [, resumed, rest] = RESUMED.exec(text) ?? [];
    if (resumed !== undefined) {
      const first = begun.get(thread);
      begun.delete(thread);
      const whole = first && WHOLE.exec(`${resumed}(${first.args}${rest}`);
      if (whole) {
        calls.push({
          ...first,
          thread,
          name: resumed,
          args: whole[2],
          result: Number(whole[3]),
          ended: index,
        });
      }
      return;
    }
    const [, name, given, result] = WHOLE.exec(text) ?? [];
    if (name === undefined) return;
    calls.push({
      thread,
      name,
      args: given,
      result: Number(result),
      nth: count(name),
      began: index,
      ended: index,
    });
  });
  // A number is free while the call that closes it is under way, and may be another file when it returns.
  const at = ({ name, began, ended }: Call): number => (name === 'close' ? began : ended);
  return calls.filter(({ result }) => result >= 0).toSorted((a, b) => at(a) - at(b));
}

const TEXT = /"((?:\\x[0-9a-f]{2})*)"/g;

export function textsOf(args: string): Buffer[] {
  return [...args.matchAll(TEXT)].map(([, hex]) => Buffer.from(hex.replaceAll('\\x', ''), 'hex'));
}
