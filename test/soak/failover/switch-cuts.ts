// What the switch between the hosts does to their traffic: cuts between groups of hosts, and loss. The client is never cut, so
// that what it sees is what the hosts do.
import type { Network } from '../../lease/namespaces.ts';

export type SwitchCuts = {
  /** Hosts (numbers from 1) that no other host hears, and that hear no other; nobody: all is whole. */
  readonly cutOff: (hosts: readonly number[]) => void;
  /** This share of what the voters send is lost. */
  readonly lose: (share: number) => void;
  /** Datagrams of voters that were lost, and that passed. */
  readonly counts: () => { readonly lost: number; readonly passed: number };
};

const table = 'bridge mailward_soak';

/** `hosts`: how many; host n is at port `p${n - 1}` of the bridge, the client behind them. */
export function createSwitchCuts(run: Network['runOnSwitch'], hosts: number, voterPort: number): SwitchCuts {
  const nft = (input: string): string => run(['nft', '-f', '-'], input);
  nft(`table ${table} {
    set pairs { type ifname . ifname; }
    counter lost { }
    counter passed { }
    chain lossy { }
    chain forward {
      type filter hook forward priority 0; policy accept;
      iifname . oifname @pairs drop
      udp dport ${voterPort} jump lossy
      udp dport ${voterPort} counter name passed
    }
  }\n`);
  const packets = (name: string): number =>
    Number(/packets (\d+)/.exec(run(['nft', 'list', 'counter', ...table.split(' '), name]))?.[1] ?? 0);
  return {
    cutOff: (cut) => {
      const pairs: string[] = [];
      for (const one of cut)
        for (let other = 1; other <= hosts; other++)
          if (!cut.includes(other)) pairs.push(`"p${one - 1}" . "p${other - 1}"`, `"p${other - 1}" . "p${one - 1}"`);
      const added = pairs.length === 0 ? '' : `add element ${table} pairs { ${pairs.join(', ')} }\n`;
      nft(`flush set ${table} pairs\n${added}`);
    },
    lose: (share) => {
      const rule = `add rule ${table} lossy numgen random mod 1000 < ${Math.round(share * 1000)} counter name lost drop\n`;
      nft(`flush chain ${table} lossy\n${share === 0 ? '' : rule}`);
    },
    counts: () => ({ lost: packets('lost'), passed: packets('passed') }),
  };
}
