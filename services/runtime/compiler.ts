import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 at its middle compiler (Maglev) for the rest of this process. Scanners run as fast there as under TurboFan, whose
 * compile time is a third of a pass over a million lines when both share one core. Call it before the first hot loop.
 */
export function keepMiddleCompiler(): void {
  setFlagsFromString('--no-turbofan');
}
