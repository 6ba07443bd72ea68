import { execFile } from 'node:child_process';

/** More output than this is a failure, not a longer answer. */
const outputBytesMax = 16 * 1024 * 1024;

/** Runs a read-only command and gives its stdout; `undefined` when the program is not installed. */
export type ReadCommand = (
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  env?: Readonly<Record<string, string>>,
) => Promise<string | undefined>;

/** Without a shell, in the C locale so that the answer reads the same everywhere; killed when the signal aborts. */
export const readCommand: ReadCommand = (file, args, signal, env) =>
  new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { signal, maxBuffer: outputBytesMax, killSignal: 'SIGKILL', env: { ...process.env, LC_ALL: 'C', ...env } },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve(undefined);
        else reject(new Error(`${file} failed: ${stderr.trim().slice(0, 300) || error.message}`, { cause: error }));
      },
    );
  });
