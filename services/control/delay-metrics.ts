import { type DelayCounts, type DelayHistogram, delayBoundsSeconds } from './delay-counts.ts';

/** Nodes with histograms of their own; 2 services × 4 stages × 12 samples each. Others are counted as `other`. */
const nodesMax = 200;

type Shown = DelayHistogram & { readonly labels: string };

/**
 * `postfix_smtp_delivery_delay_seconds` and its sibling of lmtp, by node and stage. The metrics library observes one value
 * at a time, and these come counted, so they are written here in the Prometheus text format.
 */
export function createDelayMetrics() {
  const nodes = new Set<string>();
  const shownByService = { smtp: new Map<string, Shown>(), lmtp: new Map<string, Shown>() };
  return {
    add: (node: string, counts: DelayCounts): void => {
      if (nodes.size < nodesMax) nodes.add(node);
      for (const [key, counted] of Object.entries(counts)) {
        const [service = '', stage = ''] = key.split('|');
        if (service !== 'smtp' && service !== 'lmtp') continue;
        const labels = `node="${escapeLabel(nodes.has(node) ? node : 'other')}",stage="${stage}"`;
        const shown = shownByService[service].get(labels);
        if (shown === undefined) {
          shownByService[service].set(labels, { labels, buckets: [...counted.buckets], seconds: counted.seconds });
          continue;
        }
        for (const [at, count] of counted.buckets.entries()) shown.buckets[at] = (shown.buckets[at] ?? 0) + count;
        shown.seconds += counted.seconds;
      }
    },
    render: (): string =>
      Object.entries(shownByService)
        .flatMap(([service, shown]) => renderHistogram(`postfix_${service}_delivery_delay_seconds`, service, shown))
        .join('\n'),
  };
}

/** Buckets are cumulative in the text format. */
function renderHistogram(name: string, service: string, shown: ReadonlyMap<string, Shown>): string[] {
  const lines = [
    `# HELP ${name} Seconds that finished deliveries of ${service} took, by stage`,
    `# TYPE ${name} histogram`,
  ];
  for (const { labels, buckets, seconds } of shown.values()) {
    let total = 0;
    for (const [at, count] of buckets.entries()) {
      total += count;
      lines.push(`${name}_bucket{le="${delayBoundsSeconds[at] ?? '+Inf'}",${labels}} ${total}`);
    }
    lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${total}`);
  }
  return [...lines, ''];
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
