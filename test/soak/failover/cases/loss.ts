// lease.md rule 11: with one voter of three down, 5 and 10 % of loss lose no lease.
import type { LeaseNode } from '../../../lease/lease-cluster.ts';
import { type CaseOptions, type PlayedCase, runCase } from '../case.ts';
import { live } from '../world.ts';

const shares = [0.05, 0.1];

/** How often the holder asked for its lease, and how often the lease was extended. */
async function renewals(node: LeaseNode): Promise<{ readonly sent: number; readonly extended: number }> {
  const { reasons } = (await node.ask('/mail/explain')) as {
    reasons: { event: string; sentence: string; count: number }[];
  };
  const countOf = (sentence: string) => reasons.find((reason) => reason.sentence.startsWith(sentence))?.count ?? 0;
  return { sent: countOf('The advert is due'), extended: countOf('A majority answered') };
}

export const runLoss = (options: CaseOptions): Promise<PlayedCase> =>
  runCase('loss', options, { advertMs: options.advertMs, voters: 3 }, async (group, expect) => {
    const { world, advertMs, minutes, say } = options;
    const holder = await group.holder();
    const { epoch } = await holder.status();
    const down = group.nodes.findLast((node) => node !== holder);
    down?.kill('SIGKILL');
    const figures: Record<string, number> = {};
    for (const share of shares) {
      world.cuts.lose(share);
      const [before, countsBefore, startedAt] = [await renewals(holder), world.cuts.counts(), performance.now()];
      await live((minutes * 60_000) / shares.length);
      const [after, counts, tookMs] = [await renewals(holder), world.cuts.counts(), performance.now() - startedAt];
      const due = Math.round(tookMs / advertMs);
      const sent = after.sent - before.sent;
      const lost = counts.lost - countsBefore.lost;
      const percent = Math.round(share * 100);
      figures[`renewalsDueAt${percent}`] = due;
      figures[`renewalsRetriedAt${percent}`] = Math.max(0, sent - due);
      figures[`renewalsExtendedAt${percent}`] = after.extended - before.extended;
      figures[`datagramsLostAt${percent}`] = lost;
      figures[`datagramsAt${percent}`] = lost + counts.passed - countsBefore.passed;
      say(`${percent} % loss: ${sent} renewals for ${due} adverts, ${lost} datagrams lost`);
    }
    world.cuts.lose(0);
    expect((await group.holder()) === holder, 'another holds than before the loss');
    const { epoch: epochAfter } = await holder.status();
    expect(
      epochAfter === epoch,
      `the lease was lost and won back: epoch ${epoch} before the loss, ${epochAfter} after`,
    );
    const lostOf = shares.map((share) => `${share * 100} %`).join(' and ');
    return {
      sentence: `One voter of three was down while ${lostOf} of the voters' datagrams were lost, ${minutes} minutes in all: the owner kept its lease.`,
      ...{ movesMax: 0, figures },
    };
  });
