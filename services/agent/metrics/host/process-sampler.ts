import type { Family, Labels, Sample } from '../family.ts';
import type { Sampler } from '../sampler.ts';
import { cgroupFamilies } from './cgroup-families.ts';
import {
  createProcessScan,
  type ProcessScanLimits,
  readBootAt,
  readDescriptors,
  readPageBytes,
  type ScannedProcess,
} from './process-scan.ts';
import type { ServiceLimit } from './service-limits.ts';

/** Clock ticks a second in /proc (USER_HZ): 100 on every architecture. */
const ticksPerSecond = 100;

export type ProcessSamplerConfig = {
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly cadenceMs: number;
  readonly limitMs: number;
  readonly limits?: ProcessScanLimits;
};

/** One row of the answer: a service of a software, and what all of its processes use together. */
type Service = {
  readonly labels: { readonly software: string; readonly service: string };
  processes: number;
  residentBytes: number;
  descriptors: number | undefined;
  fullestRatio: number | undefined;
  /** These two only rise while the agent runs. */
  cpuTicks: number;
  starts: number;
};

/**
 * CPU, memory, descriptors and starts by software and service, never by pid, and how many processes serve each configured
 * service against its limit. CPU and starts count from the agent's start, and only what a scan saw: a process that lives
 * between two scans is not in them.
 */
export function createProcessSampler(
  config: ProcessSamplerConfig,
  deps: {
    readonly readLimits: (signal: AbortSignal, problem: (error: unknown) => void) => Promise<readonly ServiceLimit[]>;
  },
): Sampler {
  const { procRoot } = config;
  const scan = createProcessScan(procRoot, config.limits);
  const pageBytes = readPageBytes(procRoot);
  const serviceByName = new Map<string, Service>();
  let ticksByPid: Map<number, number> | undefined;

  function account(processes: readonly ScannedProcess[]): void {
    for (const service of serviceByName.values())
      Object.assign(service, { processes: 0, residentBytes: 0, descriptors: undefined, fullestRatio: undefined });
    const fresh = new Map<number, number>();
    for (const found of processes) {
      const { pid, software, service: name, cpuTicks } = found;
      const service = serviceByName.get(`${software}/${name}`) ?? emptyService(software, name);
      serviceByName.set(`${software}/${name}`, service);
      service.processes++;
      service.residentBytes += found.residentPages * pageBytes;
      const descriptors = readDescriptors(procRoot, pid);
      if (descriptors !== undefined) {
        service.descriptors = (service.descriptors ?? 0) + descriptors.open;
        service.fullestRatio = Math.max(service.fullestRatio ?? 0, descriptors.open / descriptors.limit);
      }
      // The first scan is the zero: what ran before the agent came is neither a start nor the agent's to count.
      const before = found.isNew ? 0 : (ticksByPid?.get(pid) ?? cpuTicks);
      if (ticksByPid !== undefined) {
        service.cpuTicks += cpuTicks - before;
        if (found.isNew) service.starts++;
      }
      fresh.set(pid, cpuTicks);
    }
    ticksByPid = fresh;
  }

  return {
    name: 'processes',
    cadenceMs: config.cadenceMs,
    limitMs: config.limitMs,
    sample: async (signal, problem) => {
      const { processes, leftOut } = scan();
      account(processes);
      const mains = findMains(processes);
      const limits = await deps.readLimits(signal, problem);
      return [
        ...serviceFamilies([...serviceByName.values()]),
        ...startFamilies(mains, readBootAt(procRoot)),
        ...(await cgroupFamilies(procRoot, config.sysRoot, mains)),
        ...limitFamilies(limits, processes),
        {
          name: 'mailward_processes_left_out',
          type: 'gauge',
          help: 'Processes beyond the bounds of a scan, which are in no other number.',
          samples: [{ labels: {}, value: leftOut }],
        },
      ];
    },
  };
}

function emptyService(software: string, service: string): Service {
  return {
    labels: { software, service },
    processes: 0,
    residentBytes: 0,
    descriptors: undefined,
    fullestRatio: undefined,
    cpuTicks: 0,
    starts: 0,
  };
}

function serviceFamilies(services: readonly Service[]): Family[] {
  const rows = (read: (service: Service) => number | undefined): Sample[] =>
    services.flatMap((service) => {
      const value = read(service);
      return value === undefined ? [] : [{ labels: service.labels, value }];
    });
  return [
    {
      name: 'mailward_processes',
      type: 'gauge',
      help: 'Mail processes that run.',
      samples: rows(({ processes }) => processes),
    },
    {
      name: 'mailward_process_cpu_seconds_total',
      type: 'counter',
      help: 'User and system time of mail processes since the agent started; what lived between two scans is not in it.',
      samples: rows(({ cpuTicks }) => cpuTicks / ticksPerSecond),
    },
    {
      name: 'mailward_process_resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of mail processes; pages that several share are counted for each.',
      samples: rows(({ residentBytes }) => residentBytes),
    },
    {
      name: 'mailward_process_open_descriptors',
      type: 'gauge',
      help: 'Open file descriptors of mail processes.',
      samples: rows(({ descriptors }) => descriptors),
    },
    {
      name: 'mailward_process_descriptors_used_ratio',
      type: 'gauge',
      help: 'Open descriptors against the limit, of the process that is nearest to it.',
      samples: rows(({ fullestRatio }) => fullestRatio),
    },
    {
      name: 'mailward_process_starts_total',
      type: 'counter',
      help: 'Mail processes that started since the agent did.',
      samples: rows(({ starts }) => starts),
    },
  ];
}

/** A main process is one whose parent is of another software; where there are several, the newest counts. */
function findMains(processes: readonly ScannedProcess[]): Map<string, { pid: number; startTicks: number }> {
  const softwareByPid = new Map(processes.map(({ pid, software }) => [pid, software]));
  const mains = new Map<string, { pid: number; startTicks: number }>();
  for (const { pid, parentPid, software, startTicks } of processes) {
    if (softwareByPid.get(parentPid) === software) continue;
    if (startTicks >= (mains.get(software)?.startTicks ?? 0)) mains.set(software, { pid, startTicks });
  }
  return mains;
}

function startFamilies(mains: ReadonlyMap<string, { startTicks: number }>, bootAt: number | undefined): Family[] {
  if (bootAt === undefined) return [];
  return [
    {
      name: 'mailward_daemon_start_time_seconds',
      type: 'gauge',
      help: 'When the newest main process of a software started, seconds since the epoch; a change is a restart.',
      samples: [...mains].map(([software, { startTicks }]) => ({
        labels: { software },
        value: bootAt / 1000 + startTicks / ticksPerSecond,
      })),
    },
  ];
}

function limitFamilies(limits: readonly ServiceLimit[], processes: readonly ScannedProcess[]): Family[] {
  const servedByName = new Map<string, number>();
  for (const { software, service, master } of processes) {
    const name = master === undefined ? `${software}/${service}` : `${master.pid}/${master.service}`;
    servedByName.set(name, (servedByName.get(name) ?? 0) + 1);
  }
  const labelsOf = ({ software, service, instance }: ServiceLimit): Labels =>
    instance === undefined ? { software, service } : { software, service, postfix_instance: instance };
  return [
    {
      name: 'mailward_service_processes',
      type: 'gauge',
      help: 'Processes that serve a configured service now, idle ones too.',
      samples: limits.map((limit) => ({
        labels: labelsOf(limit),
        value: servedByName.get(`${limit.masterPid ?? limit.software}/${limit.service}`) ?? 0,
      })),
    },
    {
      name: 'mailward_service_processes_limit',
      type: 'gauge',
      help: 'Processes that a service may have (master.cf, doveconf); absent where there is no limit.',
      samples: limits.flatMap((limit) =>
        limit.processLimit === undefined ? [] : [{ labels: labelsOf(limit), value: limit.processLimit }],
      ),
    },
    {
      name: 'mailward_service_clients_limit',
      type: 'gauge',
      help: 'Clients that one process of a Dovecot service may have.',
      samples: limits.flatMap((limit) =>
        limit.clientLimit === undefined ? [] : [{ labels: labelsOf(limit), value: limit.clientLimit }],
      ),
    },
  ];
}
