/** The options of Node for a process: as this one has them. Pure, but for what they are. */

/** Program text instead of a file: a process with these would run that again. */
const PROGRAMS = /^(?:-e|-p|-pe|--eval|--print)$/;
/** A debugger's port is for one process. */
const ONE_PROCESS = /^--(?:inspect|debug|test|watch)/;

/** @param extension of the program: in the checkout its job files are found by a condition */
export function execArgvFor(extension: string, own: readonly string[] = process.execArgv): string[] {
  const found: string[] = [];
  for (let at = 0; at < own.length; at++) {
    if (PROGRAMS.test(own[at])) at++;
    else if (!ONE_PROCESS.test(own[at])) found.push(own[at]);
  }
  const condition = '--conditions=millpond-source';
  if (extension === '.ts' && !found.includes(condition)) found.push(condition);
  return found;
}
