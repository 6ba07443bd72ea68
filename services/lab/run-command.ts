import { spawn } from 'node:child_process';
import { AppError } from '../protocol/errors.ts';

const outputBytesMax = 4 * 1024 * 1024;
const timeoutMsDefault = 30_000;

export type CommandResult = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end; output beyond 4 MiB is dropped. Status 124 means that it was ended at `timeoutMs`. */
export function tryCommand(
  argv: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? timeoutMsDefault);
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        if (output[stream].length < outputBytesMax) output[stream] += text;
      });
    // A program that ends before it has read its input is judged by its status, not by the broken pipe.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve({ status: 127, stdout: '', stderr: error.message });
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status: timedOut ? 124 : (status ?? 128), ...output });
    });
  });
}

/** As `tryCommand`, but any status other than 0 is an error that tells what the program said. */
export async function runCommand(
  argv: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const result = await tryCommand(argv, options);
  if (result.status === 0) return result.stdout;
  const said = (result.stderr || result.stdout).trim().slice(-600);
  throw new AppError('internal', `${argv.join(' ').slice(0, 200)} ended with status ${result.status}: ${said}`);
}
