// One new key with its certificate request, in a thread that ends with it: the X.509 library takes some twenty megabytes that an
// agent needs once in weeks.
import { parentPort, workerData } from 'node:worker_threads';
import { makeKey, makeRequest } from '../../runtime/x509.ts';
import type { KeyAndRequest } from './make-key-and-request.ts';

const key = makeKey();
const answer: KeyAndRequest = { key, request: await makeRequest(key, String(workerData)) };
parentPort?.postMessage(answer);
