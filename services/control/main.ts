import { keepHeapSmall } from '../runtime/heap.ts';

keepHeapSmall({ threadMiB: 4 });
// Only now, so that loading all of it does not make the heap large already.
await import('./control-process.ts');
