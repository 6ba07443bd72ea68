import { keepMiddleCompiler } from '../runtime/compiler.ts';
import { keepHeapSmall } from '../runtime/heap.ts';

keepHeapSmall();
keepMiddleCompiler();
// Only now, so that loading all of it does not make the heap large already.
await import('./agent-process.ts');
