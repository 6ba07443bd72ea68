import { Counter, type Registry } from 'prom-client';
import { AppError } from '../../protocol/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { logRefusal } from '../log-refusal.ts';

export type TrustEvents = ReturnType<typeof createTrustEvents>;

/** What happens to trust, in the log and in metrics: who joined, who was refused, what was revoked. Never a secret. */
export function createTrustEvents(deps: { readonly log: Logger; readonly registry: Registry }) {
  const { log, registry } = deps;
  const registers = [registry];
  const issued = new Counter({
    name: 'mailward_certificates_issued_total',
    help: 'Certificates issued to nodes',
    labelNames: ['why'],
    registers,
  });
  const refused = new Counter({
    name: 'mailward_trust_refused_total',
    help: 'Joins, renewals and agents that were refused, by reason',
    labelNames: ['code'],
    registers,
  });
  const revoked = new Counter({
    name: 'mailward_certificates_revoked_total',
    help: 'Certificates that were revoked',
    registers,
  });
  return {
    tokenMade(id: string, node: string | undefined, endsAt: number): void {
      log.info({ tokenId: id, node, endsAt: new Date(endsAt).toISOString() }, 'a join token was made');
    },
    certificateIssued(why: 'join' | 'renewal', node: string, serial: string, address: string | undefined): void {
      issued.inc({ why });
      log.info({ node, serial, address }, why === 'join' ? 'a node has joined' : 'a node has renewed its certificate');
    },
    serverCertificateIssued(endsAt: number): void {
      log.info({ endsAt: new Date(endsAt).toISOString() }, "control's own certificate is new");
    },
    serverCertificateFailed(error: unknown): void {
      log.error({ err: error }, "control's own certificate could not be renewed; it is tried again");
    },
    revoked(what: {
      readonly node?: string;
      readonly serials: readonly string[];
      readonly tokens: number;
      readonly connections: number;
    }): void {
      revoked.inc(what.serials.length);
      log.warn(what, 'trust was taken back');
    },
    refused(error: unknown, about: { readonly node?: string; readonly address?: string | undefined }): void {
      const code = error instanceof AppError ? error.code : 'internal';
      refused.inc({ code });
      logRefusal(log, error, 'trust was refused', about);
    },
  };
}
