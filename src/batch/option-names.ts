/** What the runtime advises in the names of its own options, in those of the command. Pure. */
export function withOptionNames(advice: string): string {
  return advice.replaceAll('budgetBytes', '--budget').replaceAll('spoolFolder', 'TMPDIR');
}
