import { z } from 'zod';
import { isLoopbackHost } from '../../runtime/loopback.ts';

const listener = {
  host: z.string().refine(isLoopbackHost, 'Only a loopback address may be listened on').default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535),
};
const mebibyte = 1024 * 1024;

/** Syslog from elsewhere. Nothing is listened on unless it is named here. */
export const syslogConfigSchema = z.strictObject({
  udp: z.strictObject(listener).optional(),
  tcp: z.strictObject(listener).optional(),
  /** Files of a PEM certificate chain and its key (RFC 5425). */
  tls: z.strictObject({ ...listener, cert: z.string().min(1), key: z.string().min(1) }).optional(),
  /** Connections at once, TCP and TLS together; one more is refused. */
  connectionsMax: z.number().int().min(1).max(100_000).default(1000),
  /** Of these, from one address: one host that runs wild leaves room for the others. */
  connectionsPerAddressMax: z.number().int().min(1).max(100_000).default(100),
  /** A connection is closed when no whole message came for this long. */
  idleMs: z.number().int().min(100).default(600_000),
  /** And when one that was begun was not whole after this long. */
  frameMs: z.number().int().min(100).default(30_000),
  /** Disk that the spool may take. */
  spoolBytes: z
    .number()
    .int()
    .min(mebibyte)
    .default(256 * mebibyte),
});
export type SyslogConfig = z.infer<typeof syslogConfigSchema>;
