import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { issueCertificate, makeAuthority, makeKey, makeRequest, publicHalf, readRequest } from './x509.ts';

const from = Date.parse('2026-11-22T00:00:00Z');
const until = Date.parse('2027-11-22T00:00:00Z');

test('an authority signs what OpenSSL reads: names, usage, times, and the authority found by its key', async () => {
  const authorityKeyPem = makeKey();
  const authorityPem = await makeAuthority({ keyPem: authorityKeyPem, name: 'Mailward', from, until });
  const publicKey = await readRequest(await makeRequest(makeKey(), 'mx1'));
  if (publicKey === undefined) throw new Error('the request does not hold');
  const { pem, serial } = await issueCertificate({
    ...{ authorityPem, authorityKeyPem, publicKey, commonName: 'mx1', from, until },
    names: [{ type: 'url', value: 'mailward://node/mx1' }],
    usage: 'client',
  });
  const [authority, certificate] = [new X509Certificate(authorityPem), new X509Certificate(pem)];
  expect(authority.ca && !certificate.ca).toBe(true);
  expect(certificate.verify(authority.publicKey) && certificate.checkIssued(authority)).toBe(true);
  expect(certificate.subjectAltName).toBe('URI:mailward://node/mx1');
  expect(certificate.serialNumber).toBe(serial);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect([certificate.validFromDate.getTime(), certificate.validToDate.getTime()]).toEqual([from, until]);
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
});

test('a request that is torn, of another key or signed by another is none', async () => {
  const key = makeKey();
  const request = await makeRequest(key, 'mx1');
  expect(await readRequest(request)).toEqual(publicHalf(key));
  const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  expect(await readRequest(der.toString('base64'))).toBeUndefined();
  expect(await readRequest('')).toBeUndefined();
  expect(await readRequest(request.slice(0, 200))).toBeUndefined();
  expect(publicHalf(makeKey()).length).toBe(91);
});
