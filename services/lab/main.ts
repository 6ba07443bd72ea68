import { text } from 'node:stream/consumers';
import { benignEvents } from '../faults/benign.ts';
import { faults, impossibleFaults } from '../faults/registry.ts';
import { AppError } from '../protocol/errors.ts';
import { type LabRequest, labRequestSchema } from '../protocol/lab-request.ts';
import { systemClock } from '../runtime/clock.ts';
import { describeError, exitStatus } from '../runtime/run-process.ts';
import { renderCanary, runCanary } from './canary.ts';
import { attackKindSchema, attackTarget, runAttack } from './client/attack-run.ts';
import { canaryTaskSchema, runCanaries } from './client/canary-run.ts';
import { trafficTaskSchema } from './client/traffic-plan.ts';
import { runTraffic } from './client/traffic-run.ts';
import { checkAsUser, userCheckTaskSchema } from './client/user-check.ts';
import { serveDelay } from './delay.ts';
import { takeDown } from './down.ts';
import { findActive, healFault, injectableNamed, injectFault, targetsOf } from './fault-run.ts';
import { verifyFaults } from './fault-verify.ts';
import { runInHost, showLogs } from './host-commands.ts';
import { withLabLock } from './lab-lock.ts';
import { labPaths } from './lab-paths.ts';
import { readRecord } from './lab-record.ts';
import { recordFaults, renderRecord } from './record/record-faults.ts';
import { requireLab } from './requirements.ts';
import { serveSinks } from './sinks/sinks.ts';
import { readStatus, renderStatus } from './status.ts';
import { renderTraffic, reportTraffic, runLabTraffic } from './traffic.ts';
import { checkTraffic, isAllRight, renderCheck, requireCheckable, runCanariesUntil } from './traffic-check.ts';
import { bringUp } from './up.ts';

// The lab's process. `mailward lab` starts it with one JSON request; the hosts of a lab start it with the name of the part
// they play (`sinks FILE`).

const clock = systemClock;
const say = (words: string): void => void process.stderr.write(`${words}\n`);
const print = (request: LabRequest, value: object, words: string): void =>
  void process.stdout.write(`${request.json ? JSON.stringify(value) : words}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const readTask = async (): Promise<unknown> => JSON.parse(await text(process.stdin));
const answerWith = (answer: unknown): void => void process.stdout.write(JSON.stringify(answer));

async function run(request: LabRequest): Promise<number> {
  const paths = labPaths(request.name);
  switch (request.command) {
    case 'up': {
      const interrupt = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
      const report = await withLabLock(request.name, () =>
        bringUp(paths, request, { clock, say, signal: interrupt.signal }),
      );
      const page = report.pageUrl === undefined ? '' : ` The page is at ${report.pageUrl}`;
      print(request, report, `The lab ${request.name} is up: ${report.hosts} hosts in ${seconds(report.ms)}.${page}`);
      return exitStatus.done;
    }
    case 'down': {
      await requireLab();
      const report = await withLabLock(request.name, () => takeDown(paths, { clock }));
      print(
        request,
        report,
        `Nothing of the lab ${request.name} is left: ${report.processes} processes and ${report.mounts} mounts went in ${seconds(report.ms)}.`,
      );
      return exitStatus.done;
    }
    case 'status': {
      const status = readStatus(paths);
      print(request, status, renderStatus(status));
      return status.ready ? exitStatus.done : exitStatus.no;
    }
    case 'shell':
      return await runInHost(paths, request.host, [process.env.SHELL ?? '/bin/sh', '-i']);
    case 'exec':
      return await runInHost(paths, request.host, request.argv);
    case 'logs':
      return await showLogs(paths, request);
    case 'traffic': {
      if (request.check) requireCheckable(request);
      const running = runLabTraffic(paths, request, { clock });
      const canaries = request.check ? await runCanariesUntil(paths, running, { clock }) : undefined;
      const run = await running;
      const report = reportTraffic(run);
      if (canaries === undefined) {
        print(request, report, renderTraffic(report));
        return exitStatus.done;
      }
      const check = await checkTraffic(paths, run, canaries, { clock });
      print(request, { ...report, ...check }, `${renderTraffic(report)}\n${renderCheck(check)}`);
      return isAllRight(check) ? exitStatus.done : exitStatus.no;
    }
    case 'canary': {
      const report = await runCanary(paths, request.count, { clock });
      print(request, report, renderCanary(report));
      return report.missing + report.duplicated + report.refused === 0 ? exitStatus.done : exitStatus.no;
    }
    case 'record': {
      const report = await recordFaults(paths, request, { clock, say });
      print(request, report, renderRecord(report));
      return report.counted === report.recorded ? exitStatus.done : exitStatus.no;
    }
    case 'fault-list': {
      const list = faults.map(({ inject: _, heal: __, bites, ...rest }) => ({ ...rest, check: bites.check }));
      const benign = benignEvents.map(({ inject: _, heal: __, ...rest }) => rest);
      print(request, { faults: list, benign, impossible: impossibleFaults }, renderFaults());
      return exitStatus.done;
    }
    case 'fault-inject': {
      const fault = injectableNamed(request.fault);
      const hosts = targetsOf(readRecord(paths).plan, fault, request.host);
      await injectFault(paths, hosts, fault, request);
      print(
        request,
        { id: fault.id, hosts, ttlSeconds: request.ttlSeconds },
        `${fault.title}, on ${hosts.join(' ')}. It heals by itself after ${request.ttlSeconds} s.`,
      );
      return exitStatus.done;
    }
    case 'fault-heal': {
      const active = await findActive(paths);
      const wanted = active.filter(
        ({ id, host }) => request.all || (id === request.fault && (request.host ?? host) === host),
      );
      for (const { host, id } of wanted) await healFault(paths, [host], id);
      const words = wanted.map(({ host, id }) => `${id} on ${host}`).join(', ') || 'nothing, for nothing was on';
      print(request, { healed: wanted }, `Healed: ${words}.`);
      return exitStatus.done;
    }
    case 'fault-verify': {
      const report = await verifyFaults(paths, request, { clock, say });
      print(
        request,
        report,
        `${report.verified} of ${report.faults} faults in ${report.families} families are verified; ${report.leftOn} are left on.`,
      );
      const holds = report.verified === report.faults && report.benign.every(({ steady }) => steady);
      return holds && report.leftOn === 0 ? exitStatus.done : exitStatus.no;
    }
  }
}

// A command that is killed takes its lab process along; what that leaves half-way, `lab down` finds.
process.once('disconnect', () => process.exit(exitStatus.no));
process.channel?.unref();
function renderFaults(): string {
  const rows = faults.map(({ id, family, title }) => `${family.padEnd(14)} ${id.padEnd(32)} ${title}`);
  const benign = benignEvents.map(({ id, title }) => `${'benign'.padEnd(14)} ${id.padEnd(32)} ${title}`);
  const cannot = impossibleFaults.map(({ id, reason }) => `${'impossible'.padEnd(14)} ${id.padEnd(32)} ${reason}`);
  return [...rows, ...benign, ...cannot].join('\n');
}

const [first = '', second = ''] = process.argv.slice(2);
try {
  if (first === 'sinks') await serveSinks(second, { clock });
  else if (first === 'delay')
    await serveDelay(Number(second), Number(process.argv[4]), Number(process.argv[5]), { clock });
  else if (first === 'attack') await runAttack(attackKindSchema.parse(second), attackTarget(process.argv), { clock });
  else if (first === 'traffic') answerWith(await runTraffic(trafficTaskSchema.parse(await readTask()), { clock }));
  else if (first === 'check') answerWith(await checkAsUser(userCheckTaskSchema.parse(await readTask()), { clock }));
  else if (first === 'canary') answerWith(await runCanaries(canaryTaskSchema.parse(await readTask()), { clock }));
  else process.exitCode = await run(labRequestSchema.parse(JSON.parse(first)));
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`mailward lab: ${describeError(error)}\n`);
  process.exitCode =
    error.code === 'bad-config' || error.code === 'bad-request' ? exitStatus.usage : exitStatus.unreachable;
}
