// The two configuration files of Postfix, read as files: no command is spawned to learn where a queue is.

/** References deeper than this are left as they stand; a loop ends here too. */
const referenceDepthMax = 5;

/** `name = value` lines (postconf(5)): `#` starts a comment line, a line that starts with blank space continues the one before. */
export function parseMainCf(text: string): ReadonlyMap<string, string> {
  const valueByName = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const equals = line.indexOf('=');
    if (equals <= 0) continue;
    valueByName.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return valueByName;
}

/**
 * A parameter with its references replaced: `$name`, `${name}`, `$(name)`, `${name?text}`, `${name?{text}:{else}}` and
 * `${name:text}`. An unknown parameter without a default is empty, as in Postfix; `defaults` hold what main.cf leaves out.
 */
export function readParameter(
  valueByName: ReadonlyMap<string, string>,
  name: string,
  defaults: Readonly<Record<string, string>>,
  depth = 0,
): string {
  const raw = valueByName.get(name) ?? defaults[name] ?? '';
  if (depth >= referenceDepthMax) return raw;
  const lookUp = (other: string): string => readParameter(valueByName, other, defaults, depth + 1);
  return expand(raw, lookUp);
}

function expand(text: string, lookUp: (name: string) => string): string {
  return text.replace(
    /\$\$|\$(\w+)|\$\((\w+)\)|\$\{(\w+)(?:\?\{([^{}]*)\}(?::\{([^{}]*)\})?|\?([^{}]*)|:\{([^{}]*)\}|:([^{}]*))?\}/g,
    (whole: string, ...groups: (string | undefined)[]) => {
      if (whole === '$$') return '$';
      const [bare, round, braced, thenText, elseText, thenBare, elseOnly, elseBare] = groups;
      const value = lookUp(bare ?? round ?? braced ?? '');
      if (thenText !== undefined || thenBare !== undefined)
        return expand(value === '' ? (elseText ?? '') : (thenText ?? thenBare ?? ''), lookUp);
      const otherwise = elseOnly ?? elseBare;
      return otherwise !== undefined ? (value === '' ? expand(otherwise, lookUp) : '') : value;
    },
  );
}

export type MasterService = {
  /** As in the first column: a port or service name, or `host:port`, or a socket's name. */
  readonly name: string;
  readonly type: string;
  /** `undefined` where the column has `-`: `default_process_limit` holds. 0 is "no limit". */
  readonly processLimit: number | undefined;
  readonly command: string;
  /** As `-o syslog_name=…` has it, not expanded. */
  readonly syslogName: string | undefined;
};

/** The services of master.cf (master(5)): eight columns, `-` for a default. Lines that have fewer are left out. */
export function parseMasterCf(text: string): MasterService[] {
  return logicalLines(text).flatMap((line) => {
    const [name, type, , , , , limit, command] = line.trim().split(/\s+/);
    if (name === undefined || type === undefined || limit === undefined || command === undefined) return [];
    const [, inBraces, bare] =
      /\s-o\s*(?:\{\s*syslog_name\s*=\s*(.*?)\s*\}(?=\s|$)|syslog_name=(\S+))/.exec(line) ?? [];
    const processLimit = /^\d+$/.test(limit) ? Number(limit) : undefined;
    return [{ name, type, processLimit, command, syslogName: inBraces ?? bare }];
  });
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s/.test(line) && lines.length > 0) lines[lines.length - 1] += ` ${line.trim()}`;
    else lines.push(line.trimEnd());
  }
  return lines;
}
