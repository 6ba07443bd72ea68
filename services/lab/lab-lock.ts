import { createServer } from 'node:net';
import { AppError } from '../protocol/errors.ts';

/**
 * Runs `change` while no other command changes the lab. The lock is a name in the abstract socket namespace (unix(7)): the kernel takes it
 * back when its holder ends, however it ends, and nothing lies on a disk.
 */
export async function withLabLock<Result>(name: string, change: () => Promise<Result>): Promise<Result> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AppError('not-ready', `Another command is changing the lab ${name}`, { hint: 'Wait for it to end', cause }),
      ),
    );
    server.listen(`\0mailward-lab-${name}`, resolve);
  });
  try {
    return await change();
  } finally {
    server.close();
  }
}
