import { z } from 'zod';

/** Characters of a domain name (RFC 1035 2.3.4), a leading dot or @ and a final dot. */
export const domainCharactersMax = 256;

const label = String.raw`[\p{L}\p{M}\p{N}_-]+`;
/** Everything below a name of one label would be half the world. */
const domainForm = new RegExp(
  String.raw`^@?(?:\[[0-9A-Za-z:.]+\]|${label}(?:[.。]${label})*\.?|(?:\.${label}){2,}\.?)$`,
  'u',
);

/**
 * A domain as a scope: mail from or to it. `example.org` is that domain alone, `.example.org` that domain and all below it;
 * without regard to case, and international names in either form.
 */
export const domainScope = z
  .string()
  .trim()
  .max(domainCharactersMax)
  .regex(domainForm, 'This is no domain, such as example.org, or .example.org for everything below it too');
