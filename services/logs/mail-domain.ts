// Domains of mail as they are compared: in lower case, in the form that DNS has them (RFC 5890 A-labels), without a final dot.

/** Labels above a domain under which it is found; of a longer name the nearest to the top. */
export const parentDomainsMax = 8;

/** `München.Example.` → `xn--mnchen-3ya.example`. What is no domain name (an address literal) stays, in lower case. */
export function domainKey(domain: string): string {
  const lower = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase();
  if (!/[\u0080-\uffff]/.test(lower)) return lower;
  try {
    return new URL(`http://${lower}`).hostname;
  } catch {
    return lower;
  }
}

/** The domain of an address; `undefined` where it has none, as a user of this machine. */
export function domainOfAddress(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  return at < 0 || at === address.length - 1 ? undefined : domainKey(address.slice(at + 1));
}

/** What lies above a domain, the nearest first, but for the top: `a.b.example.org` → `b.example.org`, `example.org`. */
export function parentDomains(domain: string): string[] {
  const parents: string[] = [];
  if (domain.startsWith('[')) return parents;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    const parent = domain.slice(dot + 1);
    if (parent.includes('.')) parents.push(parent);
  }
  return parents.slice(-parentDomainsMax);
}

/** Mail from or to a domain. */
export type DomainScope = {
  /** As it is compared; with a dot before it where subdomains belong to it too. */
  readonly name: string;
  /** An address without a domain belongs to none. */
  readonly covers: (address: string | undefined) => boolean;
};

/** `example.org` or `@example.org` is that domain alone, `.example.org` that domain and all below it. */
export function createDomainScope(text: string): DomainScope {
  const bare = text.trim().replace(/^.*@/, '');
  const isDeep = bare.startsWith('.');
  const domain = domainKey(isDeep ? bare.slice(1) : bare);
  const below = `.${domain}`;
  return {
    name: isDeep ? below : domain,
    covers: (address) => {
      const own = address === undefined ? undefined : domainOfAddress(address);
      return own !== undefined && (own === domain || (isDeep && own.endsWith(below)));
    },
  };
}
