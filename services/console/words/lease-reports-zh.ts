// 租约进程关于自身、服务、密钥和预检所说的句子，其中带有名称或数字。

export const leaseReportsZh: readonly (readonly [RegExp, string])[] = [
  // 状态
  [/^This member owns the addresses, under epoch (\d+)\.$/, '本成员持有地址，纪元 $1。'],
  [/^This member keeps the addresses unconfirmed, under epoch (\d+)\.$/, '本成员在未确认的情况下保留地址，纪元 $1。'],
  [/^(.+) owns the addresses, under epoch (\d+)\.$/, '地址由 $1 持有，纪元 $2。'],
  [
    /^The budget of (\d+) moves is used up \((\d+) lately\): a fit owner is not preempted until some are older than ([\d.]+) minutes\. One that fails is replaced all the same\.$/,
    '切换次数上限 $1 已用完（近期 $2 次）：在部分切换早于 $3 分钟之前，不抢占合格的所有者；失效的所有者仍会被替换。',
  ],
  [
    /^An older key than (\d+) is used towards (.+): not yet known there\.$/,
    '对 $2 使用比 $1 更旧的密钥：对方尚不知道新密钥。',
  ],
  [
    /^(\d+) datagrams came under a key that is not accepted here: a voter may have other keys\.$/,
    '$1 个数据报使用了此处不接受的密钥：某个投票节点的密钥可能不同。',
  ],
  [
    /^(\d+) datagrams of another version of the protocol were refused: all voters of a group run releases that speak the same one\.$/,
    '拒绝了 $1 个协议版本不同的数据报：同组的投票节点须使用协议版本相同的发行版。',
  ],
  [
    /^From now on key (.+) is accepted here; the first is used towards whoever accepts it\.$/,
    '从现在起此处接受密钥 $1；对接受第一个密钥的节点使用它。',
  ],
  [/^From now on key (.+) is accepted here\.$/, '从现在起此处接受密钥 $1。'],
  // 报警
  [
    /^Another process uses the number of this voter, so both are silent\. .+$/,
    '另一个进程使用了本投票节点的编号，因此两者都保持静默。请永久停用其中一台机器，并重启另一台的租约进程：它静默 M，向其他多数节点询问选票高度，然后恢复投票。',
  ],
  [
    /^What this voter promised before is not all known here: .+$/,
    '本投票节点以前的承诺在此处不全：状态曾丢失，或有副本运行过。它询问选票高度，得到足以构成多数的回答后投票。若永远得不到，请停止所有投票节点的租约进程并新建该组：在每份配置中使用新的 incarnation，移走旧的投票文件，并在每个节点上执行 --init。',
  ],
  [
    /^Somebody else took the guard's rules away; closed rules are put back\.$/,
    '守卫的规则被他者移除；已恢复为关闭的规则。',
  ],
  [
    /^This group only votes here: (\S+) is on (\S+) already and has no end there, .+$/,
    '本组在此只参与投票：$1 已在 $2 上且没有期限，由他者所加。请把它从设备和设置它的配置中移除，再重启租约进程。',
  ],
  // 服务
  [/^(\S+) runs\.$/, '$1 在运行。'],
  [/^(\S+) runs again\.$/, '$1 已恢复运行。'],
  [/^(\S+) answers\.$/, '$1 有应答。'],
  [
    /^(\S+) accepts on port (\d+) and does not say (.+) within (\d+) ms\.$/,
    '$1 在端口 $2 接受连接，但 $4 毫秒内没有说出 $3。',
  ],
  [/^(\S+) has no pid file (.+)\.$/, '$1 没有 pid 文件 $2。'],
  [/^The pid file (.+) of (\S+) names no process\.$/, '$2 的 pid 文件 $1 没有写明进程。'],
  [/^The process (\d+) of (\S+) has ended\.$/, '$2 的进程 $1 已结束。'],
  [/^The process (\d+) of (\S+) is gone\.$/, '$2 的进程 $1 已不存在。'],
  [/^(\S+) does not listen on port (\d+)\.$/, '$1 没有在端口 $2 监听。'],
  // 守卫
  [
    /^Whether packets pass the rules by another way cannot be read now: it is read again\.$/,
    '现在无法得知数据包是否经其他途径绕过规则；将再次读取。',
  ],
  [
    /^Without nftables the address may answer for up to a second after the lease has ended\.$/,
    '没有 nftables，租约到期后地址最多还可能应答一秒。',
  ],
  [/^The guard is (.+)\.$/, '守卫方式：$1。'],
  [/^Nothing is guarded: this member runs (.+)\.$/, '没有守卫任何地址：本成员以 $1 方式运行。'],
  [
    /^nftables has no table (.+): nft is not installed, this process may not use it, or the group runs without effect\.$/,
    'nftables 没有表 $1：未安装 nft，本进程无权使用，或本组不实际执行。',
  ],
  [/^nftables holds the rules of every hook\.$/, 'nftables 中各个钩子的规则齐全。'],
  [/^nftables has no rules at (.+)\.$/, 'nftables 在 $1 处没有规则。'],
  [
    /^The rules at the devices stand, and nothing takes packets before them\.$/,
    '设备上的规则有效，没有什么先于它们取走数据包。',
  ],
  [
    /^No rules stand at the devices themselves: one is missing, the kernel is older than 5\.16, or the group runs without effect\.$/,
    '设备本身没有规则：缺少设备，内核早于 5.16，或本组不实际执行。',
  ],
  [
    /^Services speak only from addresses that are here \(ip_nonlocal_bind is 0\)\.$/,
    '服务只使用本机已有的地址发送（ip_nonlocal_bind 为 0）。',
  ],
  [
    /^Services may speak from addresses that are not here \(ip_nonlocal_bind is 1\): .+$/,
    '服务可以使用本机没有的地址发送（ip_nonlocal_bind 为 1）：在 Mailward 停止期间若规则被清空，撤下地址并不能使它们停止发送。',
  ],
  // 预检
  [
    /^(\S+) does not answer at (.+): does its lease process run, with the same key, and does UDP pass both ways\?$/,
    '$1 在 $2 没有应答：它的租约进程是否在运行、密钥是否相同、UDP 是否双向可通？',
  ],
  [
    /^Too few voters answer to know the round trip that is left after the loss of any one of them\.$/,
    '应答的投票节点太少，无法得知失去其中任意一个后的往返时间。',
  ],
  [
    /^The slowest round trip that may be needed is ([\d.]+) ms \(p99\); A is ([\d.]+) ms\.$/,
    '可能需要的最慢往返时间为 $1 毫秒（p99）；A 为 $2 毫秒。',
  ],
  [
    /^The slowest round trip that may be needed is ([\d.]+) ms \(p99\); A is ([\d.]+) ms and must be at least (\d+) ms\.$/,
    '可能需要的最慢往返时间为 $1 毫秒（p99）；A 为 $2 毫秒，至少须为 $3 毫秒。',
  ],
  [
    /^(.+) share the (site|rack|hypervisor) (.+): lose it, and no majority is left\.$/,
    '$1 共用 $2 $3：失去它就没有多数。',
  ],
  [/^(.+) share the (site|rack|hypervisor) (.+): they fall together\.$/, '$1 共用 $2 $3：会一同失效。'],
  [/^This voter votes\.$/, '本投票节点正常投票。'],
  [
    /^(\S+), which puts addresses on devices, cannot be run \(group (.+)\)\.$/,
    '无法运行把地址加到设备上的 $1（组 $2）。',
  ],
  [/^(\S+), which announces moves, cannot be run \(group (.+)\)\.$/, '无法运行通告切换的 $1（组 $2）。'],
  [/^There is no network device (.+)\.$/, '没有网络设备 $1。'],
  [/^The device (.+) is down\.$/, '设备 $1 未启用。'],
  [/^The device (.+) is there\.$/, '设备 $1 存在。'],
  [/^Nobody else has the addresses of the group\.$/, '没有他者持有本组的地址。'],
  [/^The clock source cannot be read\.$/, '无法读取时钟源。'],
  [/^The clock source is jiffies: too coarse for short leases\.$/, '时钟源为 jiffies：对短租约过于粗糙。'],
  [/^The clock source (?:of \S+ )?is (.+)\.$/, '时钟源为 $1。'],
  // 预检各项的名称
  [/^contact with (\S+)$/, '与 $1 的联系'],
  [/^round trip$/, '往返时间'],
  [/^shared (site|rack|hypervisor)$/, '共用的 $1'],
  [/^voter state$/, '投票状态'],
  [/^guard$/, '守卫'],
  [/^hooks$/, '钩子'],
  [/^ways around the hooks$/, '绕过钩子的途径'],
  [/^speaking from foreign addresses$/, '使用他处地址发送'],
  [/^tools$/, '工具'],
  [/^device (\S+)$/, '设备 $1'],
  [/^other owners$/, '其他所有者'],
  [/^clock source$/, '时钟源'],
  // 各种中断
  [/^the owner is lost$/, '失去所有者'],
  [/^the owner is cut off from all others$/, '所有者与其他所有节点隔绝'],
  [/^another voter is lost$/, '失去另一个投票节点'],
  [/^the owner and the witness are lost together$/, '同时失去所有者和见证节点'],
  [/^all voters restart at once$/, '所有投票节点同时重启'],
  [/^nothing changes$/, '没有变化'],
  [/^another member takes over within about (\d+) ms$/, '另一成员在约 $1 毫秒内接替'],
  [/^an owner is found within about ([\d.]+) ms$/, '在约 $1 毫秒内选出所有者'],
  [/^nobody serves until a majority is back \(hold-down\)$/, '恢复多数之前没有节点提供服务（hold-down）'],
  [
    /^the owner keeps the addresses, unconfirmed, while its link and gateway stand \(fail-static\)$/,
    '只要链路和网关正常，所有者在未确认的情况下保留地址（fail-static）',
  ],
  [/^the owner falls silent at the end of its lease$/, '所有者在租约到期时停止服务'],
  [/^the old owner may answer as well \(fail-static\)$/, '原所有者也可能应答（fail-static）'],
];
