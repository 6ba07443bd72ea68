/** The line of `/proc/self/mounts` (fstab(5)) that holds `path`: the longest mount point, of equal ones the last. */
export function findMount(
  mountsText: string,
  path: string,
): { readonly mountPoint: string; readonly type: string; readonly isReadOnly: boolean } | undefined {
  let found: { mountPoint: string; type: string; isReadOnly: boolean } | undefined;
  for (const line of mountsText.split('\n')) {
    const [, escaped, type, options] = line.split(' ');
    if (escaped === undefined || type === undefined || options === undefined) continue;
    // Blank space in a mount point stands as an octal escape.
    const mountPoint = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
    if (isAbove && mountPoint.length >= (found?.mountPoint.length ?? 0))
      found = { mountPoint, type, isReadOnly: options.split(',').includes('ro') };
  }
  return found;
}
