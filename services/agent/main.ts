import { keepMiddleCompiler } from '../runtime/compiler.ts';
import { keepHeapSmall } from '../runtime/heap.ts';

keepHeapSmall();
keepMiddleCompiler();
// Only now, so that loading all of it does not make the heap large already.
if (process.argv[2] === 'import') await (await import('./import/import-process.ts')).runImport(process.argv.slice(3));
else if (process.argv[2] === 'join') await (await import('./trust/join-process.ts')).runJoin(process.argv.slice(3));
else if (process.argv[2] === 'import') await (await import('./import/import-process.ts')).runImport(process.argv.slice(3));
else await import('./agent-process.ts');
