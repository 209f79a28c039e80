/** What users are told of what FFmpeg does not get to see. */

export function tagsLeftOut(fault: string): string {
  return `Tags were left out: ${fault}.`;
}

export function leftOutBehind(why: string): string {
  return `What lies behind the sound was left out: ${why}.`;
}
