/** Gets a URL as text, of at most `bytesMax` bytes. Throws for another status than 200, naming it. */
export async function fetchText(
  url: string,
  signal: AbortSignal,
  bytesMax: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  // A connection that is kept would take one of the daemon's few clients all the time.
  const response = await fetch(url, { signal, headers: { ...headers, connection: 'close' }, redirect: 'error' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`${url} answers more than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** True when nobody listens there: the software is not running or not set up, which is an answer and no failure of ours. */
export function isNobodyThere(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = (at as NodeJS.ErrnoException).code;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return true;
    if (at instanceof AggregateError) return at.errors.every(isNobodyThere);
  }
  return false;
}
