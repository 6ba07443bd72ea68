const windowMs = 60_000;

/**
 * Counts attempts by address within a minute each. Returns whether one more is allowed; it is counted either way, so that who
 * goes on without waiting goes on being refused.
 */
export function createAttemptCounter(limits: { readonly perMinuteMax: number; readonly addressesMax: number }) {
  const windowByAddress = new Map<string, { readonly endsAt: number; count: number }>();
  return (address: string, now: number): boolean => {
    const known = windowByAddress.get(address);
    if (known !== undefined && known.endsAt > now) {
      known.count += 1;
      return known.count <= limits.perMinuteMax;
    }
    windowByAddress.delete(address);
    for (const oldest of windowByAddress.keys()) {
      if (windowByAddress.size < limits.addressesMax) break;
      windowByAddress.delete(oldest);
    }
    windowByAddress.set(address, { endsAt: now + windowMs, count: 1 });
    return true;
  };
}
