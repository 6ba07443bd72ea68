import { keepMiddleCompiler } from '../runtime/compiler.ts';
import { keepHeapSmall } from '../runtime/heap.ts';

keepHeapSmall();
keepMiddleCompiler();
// Each is loaded only now, so that loading all of it does not make the heap large already.
const args = process.argv.slice(3);
switch (process.argv[2]) {
  case 'import':
    await (await import('./import/import-process.ts')).runImport(args);
    break;
  case 'join':
    await (await import('./trust/join-process.ts')).runJoin(args);
    break;
  case 'check-config': {
    const { agentConfigSchema } = await import('./config.ts');
    const { leaseBeside } = await import('../runtime/lease/lease-beside.ts');
    const { runConfigCheck } = await import('../runtime/check-config.ts');
    await runConfigCheck('agent', agentConfigSchema, args, { beside: leaseBeside });
    break;
  }
  default:
    await import('./agent-process.ts');
}
