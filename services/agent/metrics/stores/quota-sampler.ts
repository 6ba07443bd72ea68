import type { ReadCommand } from '../command.ts';
import type { Family } from '../family.ts';
import type { Sampler } from '../sampler.ts';

/** Domains that are stated apart; the rest is added up under `other`. */
export const domainsMax = 500;
/** A mailbox this full is counted as nearly full. */
const nearlyFullRatio = 0.9;

export type DomainQuota = {
  mailboxes: number;
  usedBytes: number;
  limitBytes: number;
  nearlyFull: number;
  over: number;
};

/**
 * `doveadm -f tab quota get -A`: user, quota root, type, value, limit and percent in columns; STORAGE is in KiB and `-` says
 * that there is no limit. A mailbox without a limit adds to what is used only.
 */
export function foldQuotas(text: string): ReadonlyMap<string, DomainQuota> {
  const byDomain = new Map<string, DomainQuota>();
  for (const line of text.split('\n').slice(1)) {
    const columns = line.split('\t');
    const [user, type] = [columns[0], columns.at(-4)];
    const [value, limit] = [Number(columns.at(-3)), Number(columns.at(-2))];
    if (user === undefined || type !== 'STORAGE' || Number.isNaN(value)) continue;
    const at = user.lastIndexOf('@');
    const domain = at < 0 ? '' : user.slice(at + 1).toLowerCase();
    const name = byDomain.has(domain) || byDomain.size < domainsMax ? domain : 'other';
    const quota = byDomain.get(name) ?? { mailboxes: 0, usedBytes: 0, limitBytes: 0, nearlyFull: 0, over: 0 };
    byDomain.set(name, quota);
    quota.mailboxes++;
    quota.usedBytes += value * 1024;
    if (!(limit > 0)) continue;
    quota.limitBytes += limit * 1024;
    if (value > limit) quota.over++;
    else if (value >= limit * nearlyFullRatio) quota.nearlyFull++;
  }
  return byDomain;
}

/** Quotas by domain, never by mailbox: an address is no label. Asked at a slow cadence, for Dovecot looks at each user. */
export function createQuotaSampler(
  config: { readonly cadenceMs: number; readonly limitMs: number },
  deps: { readonly readCommand: ReadCommand },
): Sampler {
  return {
    name: 'quotas',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal) => {
      const text = await deps.readCommand('doveadm', ['-f', 'tab', 'quota', 'get', '-A'], signal);
      return text === undefined ? [] : quotaFamilies(foldQuotas(text));
    },
  };
}

function quotaFamilies(byDomain: ReadonlyMap<string, DomainQuota>): Family[] {
  const gauge = (name: string, help: string, read: (quota: DomainQuota) => number): Family => ({
    name: `mailward_quota_${name}`,
    type: 'gauge',
    help,
    samples: [...byDomain].map(([domain, quota]) => ({ labels: { domain }, value: read(quota) })),
  });
  return [
    gauge('mailboxes', 'Mailboxes of the domain that Dovecot knows a quota for.', ({ mailboxes }) => mailboxes),
    gauge('used_bytes', 'Storage that the mailboxes use.', ({ usedBytes }) => usedBytes),
    gauge('limit_bytes', 'Storage that they may use, over those with a limit.', ({ limitBytes }) => limitBytes),
    gauge('nearly_full_mailboxes', 'Mailboxes that are at least 90 % full.', ({ nearlyFull }) => nearlyFull),
    gauge('over_mailboxes', 'Mailboxes above their limit.', ({ over }) => over),
  ];
}
