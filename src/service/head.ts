/** Rules of HTTP for the head of a request that Node's parser leaves to whoever asks. Pure. */
import type { IncomingMessage } from 'node:http';
import { MillpondError } from '../errors.ts';

/** RFC 9112, 3.2: a name or an address, and a port. */
const HOST = /^(?:[\w.~%!$&'()*+,;=-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;
const MOST_SHOWN = 100;

/** @throws MillpondError `ERR_HTTP_INVALID` */
export function checkHead({ rawHeaders, headers, httpVersionMinor }: IncomingMessage): void {
  const hosts = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersionMinor > 0)) {
    throw invalid('A request names one host', `${hosts}`, 'Send Host once.');
  }
  const { host = '', expect, 'transfer-encoding': coding = 'chunked' } = headers;
  if (!HOST.test(host)) throw invalid('A host is a name or an address', shown(host), 'Correct it.');
  // Nothing is unpacked here, and what is in front may see the end of a body elsewhere.
  const unknown = headers['transfer-encoding'] !== undefined && httpVersionMinor === 0;
  if (unknown || coding.toLowerCase() !== 'chunked') {
    throw invalid('A body comes as it is, or of HTTP/1.1 in chunks', shown(coding), 'Send it so.');
  }
  if (expect !== undefined && !/^100-continue$/i.test(expect)) {
    throw invalid('A request expects 100-continue, or nothing', shown(expect), 'Leave Expect out.');
  }
}

/** Whether one comes: that of a request by GET is nobody's. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function invalid(rule: string, value: string, remedy: string): MillpondError {
  return new MillpondError('ERR_HTTP_INVALID', `${rule}, got ${value}. ${remedy}`);
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, MOST_SHOWN));
}
