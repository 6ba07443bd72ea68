// 租约进程用英语说明它的每一步；这里是同一句话的中文。表中没有的句子原样显示。

import { leaseReportsZh } from './lease-reports-zh.ts';

const sentences: Readonly<Record<string, string>> = {
  'Asked whether it would promise: it would. Nothing changed.': '被询问能否承诺：可以。状态没有变化。',
  'Asked whether it would promise: it would not, and says how long that stands.':
    '被询问能否承诺：不能，并说明还要多久。',
  'Promised to accept no older ballot.': '已承诺不再接受更旧的选票。',
  'Refused the ballot: a live lease, a standing promise or a higher ballot is in its way.':
    '拒绝该选票：已有有效租约、未到期的承诺或更高的选票。',
  'Granted the lease to the candidate for T from now.': '已授予候选者租约，自此刻起为期 T。',
  'Refused the proposal: a live lease, a promise or a resignation is in its way.':
    '拒绝该提议：已有有效租约、承诺或辞任。',
  'Renewed the lease of its holder for T from now.': '已为持有者续租，自此刻起为期 T。',
  'Refused the renewal: another holds here, or this epoch is over.': '拒绝续租：此处认定他者持有，或该纪元已结束。',
  'The holder resigned; this epoch and all below it are over for good.': '持有者已辞任；该纪元及更早的纪元永久结束。',
  'This resignation is known already.': '该辞任已经知道。',
  'Silent: it may have forgotten what it granted.': '静默：它可能忘记了自己授予过什么。',
  'Silent: it promises nothing until all it may have granted has ended.':
    '静默：在可能授予过的租约全部到期前不作承诺。',
  'Silent: it grants nothing until all it may have granted has ended.':
    '静默：在可能授予过的租约全部到期前不授予租约。',
  'Silent: it renews nothing until all it may have granted has ended.': '静默：在可能授予过的租约全部到期前不续租。',
  'This machine booted: silent for M, and listening for a clone of itself.':
    '本机刚启动：静默 M，同时留意是否有自己的克隆。',
  'The process came back: it votes at once, and listens for a clone of itself.':
    '进程已恢复：立即参与投票，同时留意是否有自己的克隆。',
  'This machine slept: what it granted may have outlived its clock, so it is silent for M, and listening for a clone.':
    '本机曾休眠：授予的租约可能比它的时钟更久，因此静默 M，并留意克隆。',
  'The ceiling of promises rises on disk, ahead of need.': '承诺上限已提前写入磁盘。',
  'What was promised under its number is not all known here: it asks a majority how high ballots have risen.':
    '以该编号作出的承诺在此处不全：它向多数节点询问选票已升到多高。',
  'All it may have granted before has ended; it votes.': '此前可能授予的租约均已到期，恢复投票。',
  'Still silent, and telling a later clone of itself to be.': '仍然静默，并让后来的克隆也静默。',
  'Too few have answered how high ballots have risen; it asks again.': '回答选票高度的节点太少，再次询问。',
  'A majority said how high ballots have risen; it votes.': '多数节点已告知选票高度，恢复投票。',
  'More answers are needed before it may vote.': '还需要更多回答才能投票。',
  'The new voter set is durable and used from now on.': '新的投票集已落盘，从现在起生效。',
  'Its state is durable.': '状态已落盘。',
  'Its own number was heard from another process: it is silent until an operator keeps one of the two.':
    '另一个进程使用了它的编号：保持静默，直到运维人员只保留其中一个。',
  'No lease is known to stand in the way; it asks who would promise. Nothing changes by asking.':
    '没有已知租约阻挡；它询问谁愿意承诺。询问本身不改变任何状态。',
  'It may not hold: not voting, not fit, quarantined, or its replication lag is unknown or too large.':
    '不可持有：未投票、不合格、被隔离，或复制延迟不明或过大。',
  'The holder is alive; the wait starts again from its advert.': '持有者在线；从它的通告起重新计时。',
  'An advert of an epoch that is over.': '收到已结束纪元的通告。',
  'The holder resigned and named this member its heir; it asks at once.': '持有者辞任并指定本成员接替；立即询问。',
  'The holder resigned; it waits its skew, or one advert if another was named heir.':
    '持有者已辞任；等待偏移时间，若另有指定接替者则等待一个通告周期。',
  'A resignation of an epoch that is over.': '收到已结束纪元的辞任。',
  'An answer to an older question.': '收到对旧问题的回答。',
  'A majority hears it and would promise; it prepares a ballot.': '多数节点能听到它并愿意承诺；开始准备选票。',
  'A majority would not promise; it waits for what stands in the way.': '多数节点不愿承诺；等待阻碍消失。',
  'More answers are needed.': '还需要更多回答。',
  'Too few answered whether they would promise.': '愿意回答的节点太少。',
  'A majority promised; it proposes itself.': '多数节点已承诺；提议自己为持有者。',
  'A majority refused the ballot.': '多数节点拒绝了该选票。',
  'More promises are needed.': '还需要更多承诺。',
  'Too few promised in time.': '按时承诺的节点太少。',
  'A majority granted the lease: the ballot is won and is the epoch.': '多数节点授予了租约：选票获胜，成为新纪元。',
  'A majority refused the proposal.': '多数节点拒绝了提议。',
  'More grants are needed.': '还需要更多授予。',
  'Too few granted yet; it proposes again.': '授予的节点还太少，再次提议。',
  'Too few granted in time.': '按时授予的节点太少。',
  'Another holds the lease; it stops asking.': '他者已持有租约，停止询问。',
  'The holder resigned while it was asking.': '询问期间持有者已辞任。',
  'This machine slept while it asked: what was granted meanwhile may be over.':
    '询问期间本机曾休眠：其间授予的租约可能已到期。',
  'Two peers say that this clock stood still while it asked: what was granted may be over.':
    '两个节点说询问期间本机时钟停顿过：授予的租约可能已到期。',
  'It is no voter of this group any more.': '它已不再是本组的投票节点。',
  'Starting: the guard is closed first, whatever an earlier process left behind.':
    '启动：无论先前的进程留下什么，先关闭守卫。',
  'The process came back within its lease and goes on under the same epoch.': '进程在租约期内恢复，沿用同一纪元。',
  'This machine slept while no process ran: the lease that it had may have ended meanwhile.':
    '进程停止期间本机曾休眠：原有租约可能已到期。',
  'The guard is closed; it listens.': '守卫已关闭，正在监听。',
  'The advert is due, or was not yet answered by a majority.': '到了发通告的时间，或上次通告还没有得到多数回答。',
  'An answer to another process, set or epoch: it revives nothing.': '回答属于另一进程、投票集或纪元：不起作用。',
  'It is unfit, and a fit member answered: it hands over.': '本成员不合格，且有合格成员回答：移交。',
  'A better member has asked for as long as the preempt delay: it hands over.': '更优的成员已请求满抢占延时：移交。',
  'A majority answered: the lease runs T_h from when it was asked.': '多数节点已回答：租约自询问时起为期 T_h。',
  'One answer more; the deadline stays.': '又收到一个回答；期限不变。',
  'No majority is heard and nobody refused: it keeps the address, unconfirmed (fail-static).':
    '听不到多数节点，也没有节点拒绝：在未确认的情况下保留地址（fail-static）。',
  'The deadline has passed: it is out, and this epoch is never renewed again.':
    '期限已过：不再持有，该纪元也不再续租。',
  'Another member won a later epoch: it is out.': '另一成员赢得了更新的纪元：不再持有。',
  'An advert that does not concern a holder.': '收到与持有者无关的通告。',
  'It is unfit: it asks, and hands over to a member that says that it is fit; with none it stays.':
    '本成员不合格：先询问，移交给自称合格的成员；若没有，则继续持有。',
  'The gateway is lost: it gives the unconfirmed address up.': '网关不通：放弃未确认的地址。',
  'Priority and fitness are noted; a running wait moves with them.': '已记下优先级和健康状况；等待时间随之调整。',
  'Told to hand over: the guard closes first.': '收到移交指令：先关闭守卫。',
  'Refused: the member named did not say lately that it is fit to hold.': '拒绝：指定的成员最近没有表明可以持有。',
  'It does not hold, so there is nothing to hand over.': '它没有持有，无可移交。',
  'The guard is closed and the lease forgotten: it resigns.': '守卫已关闭，租约已放弃：宣布辞任。',
  'The resignation is said again, for those who missed it.': '再次宣布辞任，以免有节点错过。',
  'Still alone: the address stays, unconfirmed.': '仍听不到其他节点：地址保留，未确认。',
  'Asking again, and still alone: the address stays, unconfirmed.': '再次询问，仍听不到其他节点：地址保留，未确认。',
  'A later epoch was won elsewhere: it gives the unconfirmed address up.': '他处赢得了更新的纪元：放弃未确认的地址。',
  'This machine slept: the lease may have ended meanwhile.': '本机曾休眠：租约可能已到期。',
  'Two peers say that this clock stood still: the lease may have ended meanwhile.':
    '两个节点说本机时钟停顿过：租约可能已到期。',
  'Its own number was heard from another process: it gives up.': '另一个进程使用了它的编号：放弃持有。',
  'The ruleset was taken away: closed rules are put back, then the guard opens again.':
    '规则集被移除：先恢复为关闭，再重新打开守卫。',
  'The ruleset was taken away: the addresses go, and closed rules are put back.':
    '规则集被移除：撤下地址，并恢复为关闭。',
  'One voter more or less: the new set is made durable, then told.': '增减一个投票节点：新的投票集先落盘，再通知。',
  'Refused: one voter at a time, once every voter has granted under the present set, and while a majority of the new one answers.':
    '拒绝：一次只能改一个投票节点，须全部节点已按当前投票集授予，且新投票集的多数在线。',
  'Refused: only the holder changes the voter set.': '拒绝：只有持有者能更改投票集。',
  'Every voter keeps silent long enough after a boot: the lease becomes longer.':
    '每个投票节点重启后的静默时间已足够长：租约加长。',
  'First every voter learns to keep silent longer after a boot.': '先让每个投票节点在重启后静默更久。',
  'Refused: leases only grow, and only once every voter has granted under the present set.':
    '拒绝：租约只能加长，且须全部节点已按当前投票集授予。',
  'Refused: only the holder changes the terms.': '拒绝：只有持有者能更改时限。',
  'Quarantine is durable: it does not contend until it is released.': '隔离已落盘：解除前不参与竞争。',
  'The guard is being closed: lease elements and every arm go in one transaction.':
    '正在关闭守卫：租约元素和全部预备元素在一个事务中移除。',
  'No owner is known here: no lease was granted by this voter, or it has ended.':
    '此处不知道所有者：本节点没有授予过租约，或租约已到期。',
  'Actions are not enabled here: this member votes and explains, and never holds.':
    '此处没有启用操作：本成员只投票和说明，从不持有。',
  'The group is in shadow: it decides and records, and touches no address.':
    '本组处于影子模式：只决定和记录，不触碰地址。',
};

export const hasLeaseSentenceZh = (sentence: string): boolean => sentences[sentence] !== undefined;

export function leaseSentenceZh(sentence: string): string {
  const known = sentences[sentence];
  if (known !== undefined) return known;
  const found = leaseReportsZh.find(([pattern]) => pattern.test(sentence));
  if (found !== undefined) return sentence.replace(found[0], found[1]);
  // 两个结果用分号连成一句。
  const parts = sentence.split('; ');
  const written = parts.map((part) => (parts.length > 1 ? leaseSentenceZh(part) : part));
  return written.every((part, at) => part !== parts[at]) ? written.join('；') : sentence;
}
