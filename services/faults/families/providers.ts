import type { Fault } from '../fault.ts';

// The remote side turns: what accepted mail a moment ago answers as that provider does on a bad day. The sinks of the lab
// read which behaviour to play from a file.

const provider = (
  id: string,
  title: string,
  behaviour: string,
  failureModes: string[],
  lookalikes: string[],
): Fault => ({
  ...{ id, family: 'provider', target: 'remote', title },
  inject: `mkdir -p /run/lab-sinks; echo ${behaviour} >/run/lab-sinks/accept`,
  heal: 'rm -f /run/lab-sinks/accept',
  bites: { check: 'outbound' },
  failureModes,
  lookalikes,
});

export const providerFaults: readonly Fault[] = [
  provider(
    'provider-rate-limited',
    'A provider limits our rate (421 4.7.28)',
    'gmail-throttle',
    ['pv-gmail-4-7-28'],
    ['provider-reputation-limited', 'provider-deferred'],
  ),
  provider(
    'provider-reputation-limited',
    'A provider limits us by reputation (451 4.7.650)',
    'outlook-throttle',
    ['pv-ms-4-7-650'],
    ['provider-rate-limited'],
  ),
  provider(
    'provider-deferred',
    'A provider defers everything from us (TSS04)',
    'yahoo-deferred',
    ['pv-yahoo-ts'],
    ['provider-rate-limited'],
  ),
  provider(
    'provider-blocked',
    'A provider has our network on its block list (S3140)',
    'outlook-blocked',
    ['pv-ms-s3140'],
    ['provider-policy'],
  ),
  provider(
    'provider-policy',
    'A provider rejects the content (550 5.7.1)',
    'policy',
    ['esc-5-7-1'],
    ['provider-blocked'],
  ),
  provider(
    'provider-unknown-user',
    'A provider knows none of the recipients',
    'unknown-user',
    ['esc-5-1-1'],
    ['provider-policy'],
  ),
  provider(
    'provider-mailbox-full',
    'Recipients at a provider are out of space',
    'mailbox-full',
    ['esc-4-2-2'],
    ['provider-deferred'],
  ),
  provider(
    'provider-busy',
    'A provider refuses sessions in its greeting',
    'busy',
    ['pf-out-refused-to-talk'],
    ['smtp-out-refused'],
  ),
  provider(
    'provider-hangs',
    'A provider never answers after the message',
    'hang',
    ['pf-out-timeout-conversation'],
    ['smtp-out-blocked'],
  ),
  provider(
    'provider-drops',
    'A provider closes the connection without a word',
    'drop',
    ['pf-out-lost-connection'],
    ['provider-hangs'],
  ),
];
