import { spawn } from 'node:child_process';
import { actionLimits } from '../../protocol/action.ts';

export type ScriptEnd = {
  /** The exit status; 128 and more when a signal ended it. */
  readonly status: number;
  readonly timedOut: boolean;
  /** The last of what it printed, both streams as they came. */
  readonly output: string;
};

const killedStatus = 128;

/**
 * Runs shell text to its end, at most `limitMs` long; then its whole process group is ended. What the script put into a
 * session of its own (a fault's timer, a daemon that it started) lives on.
 */
export function runScript(script: string, limitMs: number): Promise<ScriptEnd> {
  return new Promise((resolve) => {
    const child = spawn('sh', [], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
    let output = '';
    let timedOut = false;
    let settled = false;
    const end = (status: number): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ status, timedOut, output });
    };
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It ended at this very moment.
        }
      }
    }, limitMs);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-actionLimits.outputCharsMax);
      });
    child.on('error', (error) => {
      output += error.message;
      end(killedStatus);
    });
    // A daemon that was started may keep the pipes open: the shell's own end is what is waited for.
    child.on('exit', (status) => setImmediate(() => end(status ?? killedStatus)));
    child.stdin.on('error', () => {});
    child.stdin.end(script);
  });
}
