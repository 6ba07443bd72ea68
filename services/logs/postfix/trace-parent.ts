// W3C Trace Context: `traceparent: 00-<32 hex>-<16 hex>-<2 hex>`, as a header_checks INFO line shows it.
const traceIdLength = 32;

/** The trace id of the header at `start`, when the header is a valid traceparent. */
export function traceIdOf(line: string, start: number): string | undefined {
  const first = line.charCodeAt(start);
  if (first !== 116 && first !== 84) return undefined;
  if (line.slice(start, start + 12).toLowerCase() !== 'traceparent:') return undefined;
  let at = start + 12;
  while (line.charCodeAt(at) === 32) at++;
  // Version ff is not allowed; later versions begin with the same two fields.
  if (!isHex(line, at, at + 2) || line.startsWith('ff', at) || line.charCodeAt(at + 2) !== 45) return undefined;
  const idAt = at + 3;
  const idEnd = idAt + traceIdLength;
  if (!isHex(line, idAt, idEnd) || line.charCodeAt(idEnd) !== 45 || !isHex(line, idEnd + 1, idEnd + 17))
    return undefined;
  const traceId = line.slice(idAt, idEnd);
  return traceId === '0'.repeat(traceIdLength) ? undefined : traceId;
}

function isHex(line: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}
