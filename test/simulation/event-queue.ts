// What will happen, by true time; what was put in first comes out first at equal times.
export type EventQueue<Item> = {
  readonly times: number[];
  readonly orders: number[];
  readonly items: Item[];
  order: number;
};

export const createQueue = <Item>(): EventQueue<Item> => ({ times: [], orders: [], items: [], order: 0 });

export const nextTime = <Item>(queue: EventQueue<Item>): number => queue.times[0] ?? Number.MAX_SAFE_INTEGER;

function isBefore<Item>(queue: EventQueue<Item>, a: number, b: number): boolean {
  const timeA = queue.times[a] ?? 0;
  const timeB = queue.times[b] ?? 0;
  return timeA < timeB || (timeA === timeB && (queue.orders[a] ?? 0) < (queue.orders[b] ?? 0));
}

function swap<Item>({ times, orders, items }: EventQueue<Item>, a: number, b: number): void {
  const time = times[a] as number;
  times[a] = times[b] as number;
  times[b] = time;
  const order = orders[a] as number;
  orders[a] = orders[b] as number;
  orders[b] = order;
  const item = items[a] as Item;
  items[a] = items[b] as Item;
  items[b] = item;
}

export function push<Item>(queue: EventQueue<Item>, time: number, item: Item): void {
  let at = queue.items.length;
  queue.times.push(time);
  queue.orders.push(queue.order++);
  queue.items.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(queue, at, parent)) break;
    swap(queue, at, parent);
    at = parent;
  }
}

/** The item at `nextTime`; undefined when the queue is empty. */
export function shift<Item>(queue: EventQueue<Item>): Item | undefined {
  const last = queue.items.length - 1;
  if (last < 0) return undefined;
  swap(queue, 0, last);
  const item = queue.items.pop();
  queue.times.pop();
  queue.orders.pop();
  let at = 0;
  for (;;) {
    let least = at;
    const left = 2 * at + 1;
    if (left < last && isBefore(queue, left, least)) least = left;
    if (left + 1 < last && isBefore(queue, left + 1, least)) least = left + 1;
    if (least === at) return item;
    swap(queue, at, least);
    at = least;
  }
}
