// One group of this process: its state, its channel to the other voters, its guard, its loop.
import { randomBytes, randomInt } from 'node:crypto';
import { decide } from '../failover/lease/decide.ts';
import type { Row, ShellEvent } from '../failover/lease/events.ts';
import { fittest } from '../failover/lease/hand-over.ts';
import { leaseRules } from '../failover/lease/rules.ts';
import type { LeaseState } from '../failover/lease/state.ts';
import { startState } from '../failover/lease/state.ts';
import { resignationsSent, retryMsOf } from '../failover/lease/terms.ts';
import { AppError } from '../protocol/errors.ts';
import type { LeaseRun } from '../protocol/lease.ts';
import type { LeaseGroupConfig } from '../protocol/lease-config.ts';
import type { LeaseGroupStatus, LeaseOrder } from '../protocol/lease-status.ts';
import type { LeaseClocks } from './clocks.ts';
import type { LeaseEvents } from './events.ts';
import { createGroupLoop } from './group-loop.ts';
import { describeGroup, ownerOf } from './group-status.ts';
import type { Guard } from './guard/guard-port.ts';
import { createHealthKeeper } from './health/health-keeper.ts';
import { createServiceWatch } from './health/service-watch.ts';
import type { LeaseHistory } from './history.ts';
import { createLeaseHistory } from './history.ts';
import { createHoldBack } from './hold-back.ts';
import { findStatic } from './other-owners.ts';
import { refusalOfKeys } from './peers/change-keys.ts';
import type { LeaseKey } from './peers/envelope.ts';
import { incarnationBytes } from './peers/envelope.ts';
import { createPeerChannel } from './peers/peer-channel.ts';
import type { UdpSocket } from './peers/udp-socket.ts';
import { createRunFile } from './state/run-file.ts';
import { createVoterWriter, readVoterFile } from './state/voter-file.ts';
import { boundsOf, configuredSetOf, policyOfGroup, refuseShortTerm } from './terms-of-group.ts';

/** Round trips are measured this often. */
const probeEveryMs = 1000;
/** How long a stopping holder waits for its guard to close and its resignation to be said, beyond the lease itself. */
const resignSlackMs = 1000;

export type GroupMode = LeaseGroupStatus['mode'];

export type LeaseGroup = {
  readonly config: LeaseGroupConfig;
  readonly status: () => LeaseGroupStatus;
  readonly history: LeaseHistory;
  /** Carries an order out; the rows taken say what came of it. */
  readonly order: (order: LeaseOrder) => readonly Row[];
  /** Takes the keys of the file from now on, unless another voter still needs one that would go; says which. */
  readonly rekey: (keys: readonly LeaseKey[]) => { readonly isDone: boolean; readonly sentence: string };
  readonly state: () => LeaseState;
  /** Measures the round trips now; `status` has them shortly after. */
  readonly probe: () => void;
  /** Hands over when it holds, then ends. */
  readonly stop: () => Promise<void>;
};

type GroupDeps = {
  readonly clocks: LeaseClocks;
  readonly after: (delayMs: number, task: () => void) => () => void;
  readonly every: (periodMs: number, task: () => void) => () => void;
  readonly socket: UdpSocket;
  readonly events: LeaseEvents;
  readonly openGuard: (
    mode: GroupMode,
    hooks: {
      readonly onLost: () => void;
      readonly onFitness: (part: string, isFit: boolean, why: string) => void;
      readonly onFault: (what: string, error?: unknown) => void;
    },
  ) => Guard;
};

/** Starts one group. Throws `bad-config` when the state found belongs to another voter, or is of a T too short for A and F. */
export async function startGroup(
  options: {
    readonly node: string;
    readonly config: LeaseGroupConfig;
    readonly keys: readonly LeaseKey[];
    readonly mode: GroupMode;
    readonly stateDir: string;
    readonly runDir: string;
    readonly bootId: string;
  },
  deps: GroupDeps,
): Promise<LeaseGroup> {
  const { config, stateDir, runDir, bootId } = options;
  // Before the guard closes, which would silence whoever owns them now. The other groups of the process go on, and so does its vote.
  const ownersHere = options.mode === 'active' ? await findStatic(config) : [];
  const mode = ownersHere.length > 0 ? 'observe-only' : options.mode;
  const { clocks, socket, events, after } = deps;
  const group = config.name;
  const own = config.voters.find((voter) => voter.node === options.node);
  if (own === undefined) throw new AppError('bad-config', `${options.node} is no voter of ${group}`);
  const self = own.number;
  const owner = { incarnation: config.incarnation, voter: self };
  const nonce = randomInt(1, 2 ** 32);
  const policy = policyOfGroup(config);
  const configured = configuredSetOf(config);
  const { durable, isTorn } = await readVoterFile(stateDir, group, owner);
  refuseShortTerm(group, durable?.set.leaseMs ?? configured.leaseMs, policy);
  const runFile = createRunFile({ runDir, group, owner, bootId });

  const history = createLeaseHistory({ now: clocks.unixMs, onEntry: (entry) => events.decided(group, entry) });
  const alarms = new Map<string, string>();
  const channel = createPeerChannel(
    {
      self,
      nonce,
      incarnation: incarnationBytes(config.incarnation),
      keys: options.keys,
      endpoints: new Map(config.voters.map(({ number, host, port }) => [number, { host, port }])),
      askAgainMs: 2 * policy.rttMs,
    },
    {
      transmit: socket.transmit,
      deliver: (datagram) => loop.handle(datagram),
      randomBytes,
      monotonicMs: clocks.monotonicMs,
    },
  );
  const guard = deps.openGuard(mode, {
    onLost: () => loop.handle({ kind: 'guardLost' }),
    onFitness: (part, isFit, why) => {
      events.guardFault(group, why);
      history.say(why, loop.state());
      health.noteService(part, 'unable', isFit);
    },
    onFault: (what, error) => events.guardFault(group, what, error),
  });
  const writer = createVoterWriter(
    { stateDir, group, owner },
    {
      onDurable: (record) => loop.handle({ kind: 'persisted', record }),
      onFault: (error) => events.stateFault(group, error),
      after,
    },
  );
  const run = mode === 'observe-only' ? withoutLease(runFile.read()) : runFile.read();
  const loop = createGroupLoop(
    startState({
      ...{ self, nonce, isWitness: own.witness, priority: own.priority, durable, run },
      ...{ configured, now: clocks.monotonicMs(), policy, rules: leaseRules },
    }),
    policy,
    {
      ...{ decide, clocks, after, guard, history },
      send: channel.send,
      writeRun: runFile.write,
      writeDurable: writer.write,
      onAlarm: (about, sentence) => {
        alarms.set(about, sentence);
        events.alarmed(group, about, sentence);
      },
    },
  );

  const health = createHealthKeeper(
    { basePriority: own.priority, mayHold: mode === 'active' || mode === 'shadow' },
    { tell: loop.handle },
  );
  if (isTorn) {
    const sentence =
      'The state file of this voter was torn: it is silent for M, then asks a majority what it may have forgotten.';
    alarms.set('torn', sentence);
    history.say(sentence, loop.state());
    events.stateTorn(group);
  }
  if (ownersHere.length > 0) {
    const sentence = `This group only votes here: ${ownersHere.join(' ')} Then start the lease process anew.`;
    alarms.set('other-owner', sentence);
    history.say(sentence, loop.state());
    events.alarmed(group, 'other-owner', sentence);
  }
  if (durable !== undefined && String(durable.set.voters) !== String(configured.voters))
    events.voterSetDiffers(group, configured.voters, durable.set.voters);
  const bounds = () => boundsOf(policy, loop.state().set, own.priority);
  events.started(group, mode, bounds().coldStartMs, bounds().healMs);
  socket.listen(incarnationBytes(config.incarnation), channel.receive);
  loop.handle({ kind: 'start' });
  if (mode === 'observe-only') health.noteAgent({ penalty: 0, isHealthy: true, position: null, isLinkUp: true });
  const watches = (own.witness ? [] : config.services).map((service) =>
    createServiceWatch(service, {
      ...{ after, every: deps.every, monotonicMs: clocks.monotonicMs },
      onChange: (isUp, why) => {
        events.serviceChanged(group, service.name, isUp, why);
        history.say(why, loop.state());
        health.noteService(service.name, service.weight, isUp);
      },
    }),
  );
  const stopProbing = deps.every(probeEveryMs, channel.probe);

  const holdBack =
    mode !== 'active'
      ? undefined
      : createHoldBack(
          config,
          {
            graceMs: loop.state().set.leaseMs + 2 * policy.advertMs,
            askWithinMs: loop.state().set.leaseMsMax,
            isHolding: loop.state().epoch !== 0 && loop.state().deadline > clocks.monotonicMs(),
          },
          {
            ...{ after, monotonicMs: clocks.monotonicMs },
            isHeld: () => ownerOf(loop.state(), clocks.monotonicMs()) !== null,
            noteFitness: (part, isFit) => health.noteService(part, 'unable', isFit),
            onAlarm: (part, sentence) => {
              if (alarms.get(part) === sentence) return;
              alarms.set(part, sentence);
              history.say(sentence, loop.state());
              events.alarmed(group, part, sentence);
            },
            onAlarmEnded: (part) => alarms.delete(part),
          },
        );

  function order(order: LeaseOrder): readonly Row[] {
    return loop.handle(eventOf(order, loop.state()) ?? { kind: 'timer' });
  }
  function eventOf(order: LeaseOrder, state: LeaseState): ShellEvent | undefined {
    switch (order.kind) {
      case 'handOver':
        return { kind: 'handOver', heir: order.heir ?? fittest(state, { now: clocks.monotonicMs(), policy }) };
      case 'addVoter':
        refuseUnknownVoter(order.voter);
        return { kind: 'changeVoters', voters: [...state.set.voters, order.voter] };
      case 'removeVoter':
        return { kind: 'changeVoters', voters: state.set.voters.filter((voter) => voter !== order.voter) };
      case 'retime':
        return { kind: 'retime', leaseMs: order.leaseMs };
      case 'quarantine':
        return { kind: 'quarantine', isOn: order.isOn };
      case 'health':
        health.noteAgent(order);
        return undefined;
    }
  }

  /** A voter that never answers could not be taken out again: the set changes once all have answered under the last change. */
  function refuseUnknownVoter(number: number): void {
    const added = config.voters.find((voter) => voter.number === number);
    if (added === undefined)
      throw new AppError('bad-request', `No voter of ${group} has the number ${number}`, {
        hint: 'Add the voter to the configuration of every voter first, and start them anew',
      });
    if (channel.report().find((peer) => peer.number === number)?.rttMs === undefined && number !== self)
      throw new AppError('bad-request', `${added.node} does not answer, so it cannot become a voter`, {
        hint: 'Start its lease process first; a moment after the start, or where datagrams are lost, try again',
      });
  }

  let keys = options.keys;
  function rekey(next: readonly LeaseKey[]): { readonly isDone: boolean; readonly sentence: string } {
    const keyIdsBy = new Map(channel.report().map(({ number, keyIds }) => [number, keyIds]));
    const { voters } = loop.state().set;
    const others = voters
      .filter((number) => number !== self)
      .map((number) => ({
        ...{ number, keyIds: keyIdsBy.get(number) ?? [] },
        node: config.voters.find((voter) => voter.number === number)?.node ?? String(number),
      }));
    const refusal = refusalOfKeys(keys, next, others);
    if (refusal !== undefined) return { isDone: false, sentence: refusal };
    keys = next;
    channel.rekey(next);
    channel.probe();
    const ids = next.map((key) => key.id).join(' and ');
    const sentence = `From now on key ${ids} is accepted here${next.length > 1 ? '; the first is used towards whoever accepts it' : ''}.`;
    history.say(sentence, loop.state());
    return { isDone: true, sentence };
  }

  /** Resolves once nothing is held and the resignation was said as often as it should be. */
  async function resign(): Promise<void> {
    const isDone = () => {
      const { role, resignationsLeft } = loop.state();
      return role !== 'holding' && role !== 'resigning' && resignationsLeft === 0;
    };
    order({ kind: 'handOver' });
    const lookEveryMs = 5;
    const waitMs = policy.advertMs + resignationsSent * retryMsOf(policy) + resignSlackMs;
    const until = clocks.monotonicMs() + waitMs;
    while (!isDone() && clocks.monotonicMs() < until) await new Promise<void>((resume) => after(lookEveryMs, resume));
  }

  return {
    config,
    history,
    order,
    rekey,
    probe: channel.probe,
    state: loop.state,
    status: () =>
      describeGroup({
        ...{ config, own, mode, policy, bounds: bounds(), now: clocks.monotonicMs(), state: loop.state() },
        ...{
          peers: channel.report(),
          datagrams: channel.counts,
          counts: history.counts(),
          guard: guard.report(),
          reasons: history.reasons(),
        },
        ...{ alarms: [...alarms.values()], services: watches.map((watch) => watch.report()) },
      }),
    stop: async () => {
      stopProbing();
      holdBack?.stop();
      for (const watch of watches) watch.stop();
      await resign();
      loop.stop();
      await guard.stop();
      await writer.stop();
    },
  };
}

/** Without the right to close what an earlier process left open, its lease runs out instead of being resigned. */
const withoutLease = (run: LeaseRun | undefined): LeaseRun | undefined => run && { ...run, epoch: 0, deadline: 0 };
