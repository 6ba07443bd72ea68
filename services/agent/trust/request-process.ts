// `node request-process.ts NAME`: one new key with its certificate request, as JSON on stdout, to whoever started this.
import { makeKey, makeRequest } from '../../runtime/x509.ts';
import type { KeyAndRequest } from './make-key-and-request.ts';

const key = makeKey();
const answer: KeyAndRequest = { key, request: await makeRequest(key, process.argv[2] ?? '') };
process.stdout.write(JSON.stringify(answer));
