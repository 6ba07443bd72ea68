import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type KeyAndRequest = { readonly key: string; readonly request: string };

/** A new P-256 key (PKCS #8, PEM) and a request for it (PKCS #10, PEM), made in a thread of its own. Rejects when that fails. */
export async function makeKeyAndRequest(node: string): Promise<KeyAndRequest> {
  const worker = new Worker(new URL('./request.worker.ts', import.meta.url), { workerData: node });
  try {
    const [answer] = await once(worker, 'message');
    return answer as KeyAndRequest;
  } finally {
    await worker.terminate();
  }
}
