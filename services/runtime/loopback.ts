// What listens on loopback without a password is still reachable by any web page through the browser of somebody on this
// machine. Two checks stop that: the name asked for must be ours (DNS rebinding), and a page must come from ourselves.

/** True for an address that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether a `Host` header names this server: localhost, 127.0.0.1 or [::1] with any port, or one of `names`. */
export function isOwnHost(hostHeader: string | undefined, names: readonly string[]): boolean {
  const name = hostHeader?.replace(/:\d{1,5}$/, '').toLowerCase();
  if (name === undefined || name === '') return false;
  return ['localhost', '127.0.0.1', '[::1]'].includes(name) || names.some((own) => own.toLowerCase() === name);
}

/** Whether a browser's `Origin` is the server itself. Programs send none, which is fine: they are no page's errand. */
export function isOwnOrigin(origin: string | undefined, hostHeader: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === hostHeader?.toLowerCase();
}
