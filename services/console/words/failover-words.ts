// What the page of failover says, in both languages. It comes with the page and not with the first view.
import type { FailoverGroupWire, PreflightCheckWire, UnfitReasonWire } from '../../protocol/wire.ts';
import { leaseSentenceZh } from './lease-sentences-zh.ts';

type Sentence = FailoverGroupWire['sentence'];
type Args = Sentence['args'];

export type FailoverWords = {
  readonly noSuch: (wanted: string) => string;
  readonly showAll: (groups: number) => string;
  readonly none: string;
  readonly noneText: string;
  readonly noneSteps: readonly (readonly [command: string, what: string])[];
  readonly sentences: Readonly<Record<Sentence['code'], (args: Args) => string>>;
  /** The lease process speaks English; what it says is written again in the reader's language where it can be. */
  readonly said: (sentence: string) => string;
  readonly why: (node: string) => string;
  /** The same of a word that is too old to be believed. */
  readonly whyThen: (node: string, ago: string) => string;
  readonly facts: Readonly<
    Record<'addresses' | 'owner' | 'epoch' | 'lease' | 'votes' | 'damping' | 'terms' | 'bounds', string>
  >;
  readonly nobody: string;
  readonly ownerUnknown: string;
  readonly left: (left: string, of: string) => string;
  readonly noLease: string;
  readonly votes: (heard: number, voters: number, quorum: number, agree: number) => string;
  readonly damping: (moves: number, budget: number, window: string) => string;
  readonly terms: (advert: string, lease: string, hold: string, freeze: string) => string;
  readonly bounds: (coldStart: string, heal: string) => string;
  readonly voters: string;
  readonly columns: Readonly<Record<'node' | 'vote' | 'fit' | 'guard' | 'priority' | 'heard', string>>;
  readonly roles: Readonly<Record<'owner' | 'witness' | 'notVoter', string>>;
  readonly votesFor: Readonly<
    Record<'owner' | 'other' | 'nobody' | 'mute' | 'learning' | 'silenced' | 'silent', string>
  >;
  readonly voterSet: (version: number) => string;
  readonly guard: Readonly<Record<'open' | 'closed' | 'none' | 'unknown', string>>;
  readonly guardKinds: Readonly<Record<string, string>>;
  readonly guardLost: (times: number) => string;
  readonly mayHold: string;
  readonly unfit: Readonly<Record<UnfitReasonWire['code'], string>>;
  readonly never: string;
  readonly stale: (ago: string) => string;
  readonly moves: string;
  readonly movesNone: string;
  readonly moveColumns: Readonly<Record<'at' | 'move' | 'gap' | 'held' | 'why', string>>;
  readonly moved: (from: string, to: string) => string;
  readonly first: (to: string) => string;
  readonly again: (to: string) => string;
  readonly gapUnknown: string;
  readonly stillHolds: string;
  readonly whyUnknown: string;
  readonly lanes: (group: string) => string;
  readonly now: string;
  readonly more: string;
  readonly entries: (count: string) => string;
  /** Roles and votes of an entry, as the lease process calls them. */
  readonly entryStates: Readonly<Record<string, string>>;
  readonly entryColumns: Readonly<Record<'time' | 'node' | 'role' | 'sentence', string>>;
  readonly preflight: string;
  readonly preflightText: string;
  readonly measure: string;
  readonly measuring: string;
  readonly measuredAt: (time: string) => string;
  readonly grades: Readonly<Record<PreflightCheckWire['grade'], string>>;
  readonly allGood: (checks: number) => string;
  readonly cuts: string;
  readonly cutColumns: Readonly<Record<'cut' | 'outcome', string>>;
  readonly change: string;
  readonly changeText: string;
};

const s = (count: number, one: string): string => (count === 1 ? one : `${one}s`);

const en: FailoverWords = {
  noSuch: (wanted) => `No lease group is named ${wanted}`,
  showAll: (groups) => (groups === 1 ? 'Show the one that is known' : `Show all ${groups} that are known`),
  none: 'No lease group is known yet',
  noneText:
    'A lease gives a service address one owner at a time, and the kernel takes the address away when the lease ends. Groups appear here when the agents of their voters report. To make one:',
  noneSteps: [
    [
      '/etc/mailward/lease.yaml',
      'on each voter: the group, its voters and its addresses; deploy/examples/lease.yaml is an example',
    ],
    ['mailward config check --process lease', 'names every fault with its line'],
    ['mailward lease --config /etc/mailward/lease.yaml --init', 'once on each voter of a new group'],
    ['lease: {}', 'in the agent’s configuration: it starts the lease process and keeps it running'],
  ],
  sentences: {
    owned: ({ node }) => `${node} owns the addresses.`,
    'owned-without-spare': ({ node, agree, voters }) =>
      `${node} owns the addresses, and nobody is known that could take over: control hears ${agree} of ${voters} voters name it, or no other of them is fit.`,
    'owned-unheard': ({ node }) => `The others say that ${node} owns the addresses; ${node} itself is not heard.`,
    shadow: ({ node }) => `In shadow: ${node} would own the addresses, and nothing is touched.`,
    unconfirmed: ({ node }) => `${node} keeps the addresses without a majority (fail-static).`,
    disputed: ({ node, other }) => `${node} and ${other} both say that they own the addresses. Look at ${other} first.`,
    electing: ({ heard, voters }) =>
      `Nobody owns the addresses at this moment; ${heard} of ${voters} voters are heard and will settle it.`,
    unsettled: ({ heard, voters }) =>
      `Nobody has owned the addresses for longer than any healing takes, although ${heard} of ${voters} voters are heard. What each says is in the table.`,
    'no-majority': ({ heard, voters, quorum }) =>
      `Nobody owns the addresses: ${heard} of ${voters} voters are heard, and it takes ${quorum}.`,
    'cut-off': ({ reach, heard, voters, quorum }) =>
      `Nobody owns the addresses: ${heard} of ${voters} voters are heard here, and no more than ${reach} of them hear one another; it takes ${quorum}. Look at the network between them.`,
    'nobody-fit': () => 'Nobody owns the addresses: no member may hold them. The table says why.',
    unheard: ({ voters }) => `None of the ${voters} voters is heard. What is shown is what they said last.`,
  },
  said: (sentence) => sentence,
  why: (node) => `Why, in the words of ${node}`,
  whyThen: (node, ago) => `What ${node} said ${ago} ago`,
  facts: {
    addresses: 'Addresses',
    owner: 'Owner',
    epoch: 'Epoch',
    lease: 'Lease left',
    votes: 'Votes',
    damping: 'Damping',
    terms: 'Terms',
    bounds: 'Bounds',
  },
  nobody: 'nobody',
  ownerUnknown: 'not known',
  left: (left, of) => `${left} of ${of} when it was last heard`,
  noLease: 'no holder is heard',
  votes: (heard, voters, quorum, agree) =>
    `${heard} of ${voters} heard, ${quorum} are needed, ${agree} ${agree === 1 ? 'names' : 'name'} the owner`,
  damping: (moves, budget, window) =>
    moves >= budget
      ? `${moves} ${s(moves, 'move')} in ${window}: the budget of ${budget} is used up; only a lost owner is replaced`
      : `${moves} of ${budget} ${s(budget, 'move')} in ${window}`,
  terms: (advert, lease, hold, freeze) => `advert ${advert}, lease ${lease}, held ${hold}, freezes up to ${freeze}`,
  bounds: (coldStart, heal) => `${coldStart} to an owner when all voters restart, ${heal} after any healing`,
  voters: 'Voters',
  columns: { node: 'Voter', vote: 'Its vote', fit: 'May hold', guard: 'Guard', priority: 'Priority', heard: 'Heard' },
  roles: { owner: 'owner', witness: 'witness', notVoter: 'no voter' },
  votesFor: {
    owner: 'for the owner',
    other: 'for another',
    nobody: 'for nobody',
    mute: 'silent after a start',
    learning: 'learning',
    silenced: 'silenced: its number is used twice',
    silent: 'not heard',
  },
  voterSet: (version) => `voter set ${version}`,
  guard: { open: 'open', closed: 'closed', none: 'none', unknown: 'unknown' },
  guardKinds: {
    kernel: 'in the kernel',
    coarse: 'coarse: lifetime of the address only',
    none: 'without effect',
    shadow: 'shadow',
    'observe-only': 'observes only',
  },
  guardLost: (times) => `rules lost and mended ${times} ${s(times, 'time')}`,
  mayHold: 'yes',
  unfit: {
    witness: 'a witness only votes',
    'observe-only': 'observes only',
    quarantined: 'in quarantine',
    service: 'a service fails',
    guard: 'the guard cannot open',
    'not-voting': 'does not vote',
    agent: 'its agent says that it is unfit',
    silent: 'not heard',
  },
  never: 'never',
  stale: (ago) => `stale, ${ago} ago`,
  moves: 'Moves',
  movesNone: 'No move has been told yet.',
  moveColumns: { at: 'When', move: 'Move', gap: 'Nobody owned', held: 'Held for', why: 'Why' },
  moved: (from, to) => `${from} → ${to}`,
  first: (to) => `→ ${to}`,
  again: (to) => `${to} again`,
  gapUnknown: 'not told',
  stillHolds: 'holds',
  whyUnknown: 'The owner before has not told its end.',
  lanes: (group) => `Who owned ${group} over time`,
  now: 'now',
  more: 'Older moves',
  entries: (count) => `All that the voters told: ${count} entries`,
  entryStates: { unconfirmed: 'holding unconfirmed', voting: 'voting', silenced: 'silenced' },
  entryColumns: { time: 'Time', node: 'Voter', role: 'Member, vote', sentence: 'What happened' },
  preflight: 'Preflight',
  preflightText:
    'Each voter measures its round trips and checks guard, tools, devices, labels and clock. It takes about five seconds and changes nothing.',
  measure: 'Check now',
  measuring: 'Checking…',
  measuredAt: (time) => `Checked at ${time}`,
  grades: { good: 'good', warning: 'warning', fault: 'fault', unknown: 'unknown' },
  allGood: (checks) => `${checks} ${s(checks, 'check')}, all good`,
  cuts: 'What each cut would do',
  cutColumns: { cut: 'When', outcome: 'Then' },
  change: 'To change it',
  changeText:
    'Voters and terms are changed from a terminal on the owner’s machine, because there is no sign-in here yet:',
};

const zh: FailoverWords = {
  noSuch: (wanted) => `没有名为 ${wanted} 的租约组`,
  showAll: (groups) => `显示全部 ${groups} 个已知的组`,
  none: '还没有租约组',
  noneText:
    '租约让一个服务地址在任何时刻只有一个所有者；租约到期时由内核收回地址。各投票节点的代理开始汇报后，租约组就会出现在这里。建立方法：',
  noneSteps: [
    ['/etc/mailward/lease.yaml', '每个投票节点一份：写明组、投票节点和地址；示例见 deploy/examples/lease.yaml'],
    ['mailward config check --process lease', '逐行指出配置中的错误'],
    ['mailward lease --config /etc/mailward/lease.yaml --init', '新建组时，在每个投票节点上执行一次'],
    ['lease: {}', '写入代理的配置：由代理启动租约进程并保持运行'],
  ],
  sentences: {
    owned: ({ node }) => `地址由 ${node} 持有。`,
    'owned-without-spare': ({ node, agree, voters }) =>
      `地址由 ${node} 持有，但目前未见能接替的节点：控制端听到 ${voters} 票中有 ${agree} 票认可它，或其中没有其他合格成员。`,
    'owned-unheard': ({ node }) => `其他节点说地址由 ${node} 持有，但没有 ${node} 自己的消息。`,
    shadow: ({ node }) => `影子模式：若真正执行，地址将由 ${node} 持有；现在不触碰任何地址。`,
    unconfirmed: ({ node }) => `${node} 在没有多数票的情况下保留地址（fail-static）。`,
    disputed: ({ node, other }) => `${node} 和 ${other} 都声称持有地址。请先检查 ${other}。`,
    electing: ({ heard, voters }) => `此刻没有节点持有地址；${voters} 票中能听到 ${heard} 票，正在选出。`,
    unsettled: ({ heard, voters }) =>
      `已有超过恢复上限的时间没有节点持有地址，尽管 ${voters} 票中能听到 ${heard} 票。各节点的说法见下表。`,
    'no-majority': ({ heard, voters, quorum }) =>
      `没有节点持有地址：${voters} 票中只听到 ${heard} 票，需要 ${quorum} 票。`,
    'cut-off': ({ reach, heard, voters, quorum }) =>
      `没有节点持有地址：此处听到 ${voters} 票中的 ${heard} 票，但彼此能听到的最多 ${reach} 票，需要 ${quorum} 票。请检查它们之间的网络。`,
    'nobody-fit': () => '没有节点持有地址：没有合格的成员，原因见下表。',
    unheard: ({ voters }) => `${voters} 个投票节点都没有消息。这里显示的是它们最后所说的情况。`,
  },
  said: leaseSentenceZh,
  why: (node) => `原因（${node} 所述）`,
  whyThen: (node, ago) => `${node} 在${ago}前所述`,
  facts: {
    addresses: '地址',
    owner: '所有者',
    epoch: '纪元',
    lease: '租约剩余',
    votes: '票数',
    damping: '抑制',
    terms: '时限',
    bounds: '上限',
  },
  nobody: '无',
  ownerUnknown: '不明',
  left: (left, of) => `最近一次消息时还剩 ${left}，共 ${of}`,
  noLease: '没有持有者的消息',
  votes: (heard, voters, quorum, agree) => `${voters} 票中听到 ${heard} 票，需要 ${quorum} 票，${agree} 票认定该所有者`,
  damping: (moves, budget, window) =>
    moves >= budget
      ? `${window}内已切换 ${moves} 次，额度 ${budget} 次已用完；只有所有者失联时才会再切换`
      : `${window}内切换 ${moves} 次，额度 ${budget} 次`,
  terms: (advert, lease, hold, freeze) => `通告 ${advert}，租约 ${lease}，持有 ${hold}，容忍停顿 ${freeze}`,
  bounds: (coldStart, heal) => `全部投票节点重启后 ${coldStart}内选出所有者，任何故障恢复后 ${heal}内`,
  voters: '投票节点',
  columns: { node: '节点', vote: '投票', fit: '可否持有', guard: '守卫', priority: '优先级', heard: '最近消息' },
  roles: { owner: '所有者', witness: '见证', notVoter: '不投票' },
  votesFor: {
    owner: '认定所有者',
    other: '认定他者',
    nobody: '未认定',
    mute: '启动后静默中',
    learning: '学习中',
    silenced: '已静默：编号被重复使用',
    silent: '没有消息',
  },
  voterSet: (version) => `投票集版本 ${version}`,
  guard: { open: '打开', closed: '关闭', none: '无', unknown: '不明' },
  guardKinds: {
    kernel: '由内核执行',
    coarse: '粗粒度：仅靠地址有效期',
    none: '不起作用',
    shadow: '影子模式',
    'observe-only': '只观察',
  },
  guardLost: (times) => `规则被改动并修复 ${times} 次`,
  mayHold: '可以',
  unfit: {
    witness: '见证只投票',
    'observe-only': '只观察',
    quarantined: '隔离中',
    service: '服务故障',
    guard: '守卫无法打开',
    'not-voting': '未参与投票',
    agent: '代理报告不合格',
    silent: '没有消息',
  },
  never: '从未',
  stale: (ago) => `已过期，${ago}前`,
  moves: '切换记录',
  movesNone: '还没有切换记录。',
  moveColumns: { at: '时间', move: '切换', gap: '无人持有', held: '持有时长', why: '原因' },
  moved: (from, to) => `${from} → ${to}`,
  first: (to) => `→ ${to}`,
  again: (to) => `${to} 再次`,
  gapUnknown: '未告知',
  stillHolds: '持有中',
  whyUnknown: '前一个所有者没有说明它是如何结束的。',
  lanes: (group) => `${group} 各时段的所有者`,
  now: '现在',
  more: '更早的切换',
  entries: (count) => `各节点的全部记录：${count} 条`,
  entryStates: {
    ...{ starting: '启动中', witness: '见证', out: '未持有', polling: '询问中', preparing: '准备中' },
    ...{ proposing: '提议中', holding: '持有', resigning: '辞任中', unconfirmed: '未确认持有' },
    ...{ mute: '启动后静默', learning: '学习中', voting: '投票', silenced: '已静默' },
  },
  entryColumns: { time: '时间', node: '节点', role: '成员、投票', sentence: '事件' },
  preflight: '预检',
  preflightText: '每个投票节点测量往返时间，并检查守卫、工具、网卡、标签和时钟。约需五秒，不改变任何状态。',
  measure: '开始检查',
  measuring: '检查中…',
  measuredAt: (time) => `检查于 ${time}`,
  grades: { good: '正常', warning: '警告', fault: '故障', unknown: '不明' },
  allGood: (checks) => `${checks} 项检查全部正常`,
  cuts: '各种中断的后果',
  cutColumns: { cut: '当', outcome: '则' },
  change: '如何更改',
  changeText: '本页还没有登录功能；请在所有者的机器上用终端更改投票节点和时限：',
};

export const failoverWords = { en, zh } as const;
